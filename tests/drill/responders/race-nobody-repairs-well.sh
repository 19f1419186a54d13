#!/bin/bash
# A team of three, each by its own door: the automation is stopped before the record is repaired by hand.
operator() { chaoskit operator "$@" || exit 9; }
name=dynamodb.us-east-1.amazonaws.com
until [ -n "$(dig +short $name)" ]; do :; done
while [ -n "$(dig +short +tries=1 +time=1 $name)" ]; do :; done
seen=$(date +%T)
operator --role communicator status "The database fails for everybody. We are looking into it." --next 60s
chaoskit operator --role communicator pause automation && exit 8
operator --role operator pause automation
operator --role operator diagnose --name $name --mechanism "record empty" --scope everybody --since "$seen"
operator --role scribe note "The enactors cannot repair it: the plan that the record points at is gone."
operator --role operator repair $name
while [ -z "$(dig +short +tries=1 +time=1 $name)" ]; do :; done
operator --role communicator status "The database works again." --resolved
operator --role operator done
