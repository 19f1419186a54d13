#!/bin/sh
# Have one ExternalDNS synchronise example.com three times: its record's target is a load balancer (an alias), then another name (a CNAME),
# then the same again. Needs with_endpoint (with_endpoint.go) and external-dns.
# Usage: external_dns_retarget.sh
set -e

synchronise() {
    with_endpoint api.example.com CNAME "$1" external-dns --provider=aws --domain-filter=example.com --policy=sync --registry=txt \
        --txt-owner-id=team --metrics-address=127.0.0.1:0 --once
}

synchronise balancer-1.us-east-1.elb.amazonaws.com
synchronise stable.example.net
synchronise stable.example.net
