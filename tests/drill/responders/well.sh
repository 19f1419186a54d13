#!/bin/bash
# Responds as a good team does: sees it, tells customers, finds out why, stops the writer before it mends, and says so.
operator() { chaoskit operator "$@" || exit 9; }
while curl -fsS -o /dev/null --max-time 2 https://orders.shop.example/orders; do :; done
seen=$(date +%T)
operator brief --json >/dev/null
operator status "Orders fail for all customers; browsing works. We are looking into it." --next 60s
dig +noall +comments orders.shop.example
operator diagnose --name orders.shop.example --mechanism "record empty" --scope everybody --since "$seen"
operator pause automation
operator restore orders.shop.example
until curl -fsS -o /dev/null --max-time 2 https://orders.shop.example/orders; do :; done
operator status "Orders work again, for everybody." --resolved
operator done
