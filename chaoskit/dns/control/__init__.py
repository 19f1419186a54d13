"""Control of a DNS server that runs: leased injections, zones swapped at once, and the HTTP API that asks for them."""
