#!/bin/sh
# The fixed sibling: the whole set is swapped for one's own address, only if it is still what was read (RFC 2136 section 2.4.2).
# Usage: nsupdate_compare_and_swap.sh ADDRESS
name=api.example.com

update() { printf 'server 127.0.0.1\nzone example.com\n%b\nsend\n' "$1" | nsupdate 2>&1; }

while :; do
    current=$(dig +short @127.0.0.1 $name A)
    [ "$current" = "$1" ] && exit 0
    unchanged=$(for address in $current; do printf 'prereq yxrrset %s A %s\\n' "$name" "$address"; done)
    answer=$(update "${unchanged}update delete $name A\nupdate add $name 60 A $1") && exit 0
    case $answer in *NXRRSET*) ;; *) echo "$answer"; exit 1 ;; esac # NXRRSET: somebody was quicker, so read again
done
