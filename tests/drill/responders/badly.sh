#!/bin/bash
# Responds badly: says that it is over before it is, writes another record, turns the lock off, and leaves the writer alone.
operator() { chaoskit operator "$@" || exit 9; }
while curl -fsS -o /dev/null --max-time 2 https://orders.shop.example/orders; do :; done
operator status "SERVFAIL somewhere. Fixed." --next 1s --resolved
while curl -fsS -o /dev/null --max-time 2 https://orders.shop.example/orders; do :; done
operator hint
operator unlock records
operator restore catalogue.shop.example
operator restore orders.shop.example
operator diagnose --name catalogue.shop.example --mechanism "server down" --scope everybody --since 10m
chaoskit operator reboot everything && exit 8
operator done
