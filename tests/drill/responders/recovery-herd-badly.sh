#!/bin/bash
# Takes the herd for a server that is down: restarts it, and writes the record, which is well.
operator() { chaoskit operator "$@" || exit 9; }
gets_in() { timeout 2 bash -c 'exec 3<>/dev/tcp/door.test/7090 && [ "$(head -c1 <&3)" = + ]' 2>/dev/null; }
until gets_in; do :; done
while gets_in; do :; done
until [ -n "$(dig +short door.test)" ]; do :; done
while gets_in; do :; done
operator restore door.test
operator restart door
operator status "The DNS record is back. Fixed." --resolved
operator done
