#!/bin/sh
# Have octoDNS make api.example.com in Route 53 a record of this type and value, and nothing else. Needs octodns and octodns-route53.
# Usage: octodns.sh TYPE VALUE
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/zones"
cat > "$work/zones/example.com.yaml" <<YAML
api: {ttl: 60, type: $1, value: $2}
YAML
cat > "$work/config.yaml" <<YAML
providers:
  wanted: {class: octodns.provider.yaml.YamlProvider, directory: $work/zones}
  route53: {class: octodns_route53.Route53Provider, access_key_id: env/AWS_ACCESS_KEY_ID, secret_access_key: env/AWS_SECRET_ACCESS_KEY}
zones:
  example.com.: {sources: [wanted], targets: [route53]}
YAML
octodns-sync --config-file "$work/config.yaml" --doit --force
