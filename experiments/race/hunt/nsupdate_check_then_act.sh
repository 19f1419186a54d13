#!/bin/sh
# Add one's own address by a dynamic update, then look, and take away all others. Two of these race.
# Usage: nsupdate_check_then_act.sh ADDRESS
set -e
name=api.example.com

update() { printf 'server 127.0.0.1\nzone example.com\n%b\nsend\n' "$1" | nsupdate; }

update "update add $name 60 A $1"
for other in $(dig +short @127.0.0.1 $name A); do
    [ "$other" = "$1" ] || update "update delete $name A $other"
done
