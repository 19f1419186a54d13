#!/bin/bash
# Repairs by hand, and leaves the automation as it is.
operator() { chaoskit operator "$@" || exit 9; }
name=dynamodb.us-east-1.amazonaws.com
until [ -n "$(dig +short $name)" ]; do :; done
while [ -n "$(dig +short +tries=1 +time=1 $name)" ]; do :; done
operator force $name
while [ -z "$(dig +short +tries=1 +time=1 $name)" ]; do :; done
operator status "It works." --resolved
operator done
