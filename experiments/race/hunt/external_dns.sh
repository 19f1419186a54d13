#!/bin/sh
# Have ExternalDNS synchronise example.com once with one A record as its desired state. Needs with_endpoint (with_endpoint.go) and external-dns.
# Usage: external_dns.sh OWNER NAME ADDRESS
exec with_endpoint "$2" A "$3" external-dns --provider=aws --domain-filter=example.com --policy=sync --registry=txt \
    --txt-owner-id="$1" --metrics-address=127.0.0.1:0 --once
