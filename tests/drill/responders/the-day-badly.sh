#!/bin/bash
# Mends the first cause, and takes that for the end: nobody looks after the leases.
operator() { chaoskit operator "$@" || exit 9; }
name=dynamodb.us-east-1.amazonaws.com
while [ -n "$(dig +short +tries=1 +time=1 $name)" ]; do :; done
operator status "DynamoDB has a DNS problem: NODATA."
until chaoskit operator levels --json | grep -q '"level": "leases held", "value": 0.0'; do :; done
operator restore $name
operator status "Fixed." --resolved
operator done
