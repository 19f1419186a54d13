#!/bin/bash
# Plays the day as it should have gone: the record, then the leases' queue, then the balancer, and at the end what was switched off is on again.
operator() { chaoskit operator "$@" || exit 9; }
name=dynamodb.us-east-1.amazonaws.com
levels() { chaoskit operator levels --json; }
value() { levels | grep -o "\"level\": \"$1\", \"value\": [0-9.]*" | grep -o '[0-9.]*$'; }
until [ -n "$(dig +short $name)" ]; do :; done
while [ -n "$(dig +short +tries=1 +time=1 $name)" ]; do :; done
seen=$(date +%T)
operator --role communicator status "Orders fail for everybody, and new instances will not start. We are looking into it." --next 3m
operator --role operator diagnose --name $name --mechanism "record empty" --scope everybody --since "$seen"
until [ "$(value 'leases held')" = 0.0 ]; do :; done
operator --role scribe note "All leases have lapsed."
operator --role operator restore $name
for _ in 1 2 3; do operator --role scribe note "Leases held with the record back: $(value 'leases held')"; done
operator --role operator throttle leases
until [ "${held:-0}" -ge 11 ]; do held=$(value 'leases held'); held=${held%.*}; done
operator --role communicator status "Orders work again. New instances start, and may be slow to be reached." --next 3m
operator --role operator disable automatic-failover
while [ "$(levels | grep -o '"well": false' | wc -l)" != 1 ]; do :; done
operator --role operator enable automatic-failover
while levels | grep -q '"well": false'; do :; done
operator --role communicator status "Orders, launches and video work again, for everybody." --resolved
operator --role operator done
