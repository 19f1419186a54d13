#!/bin/sh
# Get a certificate for api.example.com by a DNS challenge: certbot with its RFC 2136 plug-in, from a Pebble of its own on 127.0.0.1.
# Needs certbot, certbot-dns-rfc2136, pebble and openssl. Usage: certbot_rfc2136.sh PORT CREDENTIALS.ini
set -e
work=$(mktemp -d)
trap 'kill "$pebble" 2>/dev/null; rm -rf "$work"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pebble -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
cat > "$work/pebble.json" <<JSON
{"pebble": {"listenAddress": "127.0.0.1:$1", "certificate": "$work/cert.pem", "privateKey": "$work/key.pem", "httpPort": 5002, "tlsPort": 5001,
            "retryAfter": {"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa", "profiles": {"default": {"description": "", "validityPeriod": 86400}}}}
JSON
mkfifo "$work/log"
PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 pebble -config "$work/pebble.json" -dnsserver 127.0.0.1:53 > "$work/log" 2>&1 &
pebble=$!
exec 3< "$work/log"
while read -r line <&3; do case $line in *"ACME directory available"*) break ;; esac; done
cat <&3 > "$work/pebble.log" &
install -m 600 "$2" "$work/credentials.ini"
REQUESTS_CA_BUNDLE=$work/cert.pem certbot certonly --non-interactive --agree-tos --register-unsafely-without-email \
    --config-dir "$work/config" --work-dir "$work/work" --logs-dir "$work/logs" --server "https://127.0.0.1:$1/dir" \
    --dns-rfc2136 --dns-rfc2136-credentials "$work/credentials.ini" --dns-rfc2136-propagation-seconds 0 -d api.example.com
