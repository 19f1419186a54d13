#!/bin/bash
# Gets everybody back by taking away the limit that protects the service, and leaves it off.
operator() { chaoskit operator "$@" || exit 9; }
gets_in() { timeout 2 bash -c 'exec 3<>/dev/tcp/door.test/7090 && [ "$(head -c1 <&3)" = + ]' 2>/dev/null; }
until gets_in; do :; done
while gets_in; do :; done
seen=$(date +%T)
operator --role communicator status "Checkout fails for all customers. We are looking into it." --next 60s
until [ -n "$(dig +short door.test)" ]; do :; done
while gets_in; do :; done
operator disable admission-limit
operator diagnose --name "the service behind door.test" --mechanism "more come back at once than it lets in" \
  --scope "new connections only" --since "$seen"
until [ "$(chaoskit operator levels --json | grep -o '"well": true' | wc -l)" = 3 ] && gets_in && gets_in && gets_in; do :; done
operator --role communicator status "Checkout works again, for everybody." --resolved
operator done
