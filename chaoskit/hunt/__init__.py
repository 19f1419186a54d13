"""The hunt for races between programs that write DNS: any programs, held and released call by call at the API's boundary.

A *call* is one request to the Route 53 API, one dynamic update (RFC 2136) or one DNS question about the hunted zone. A *schedule* says
which held call goes next and what befalls it; it is data, decided by pure policies, and replays by program and call number. The *arena*
is the process in the sandbox that serves the zone and holds the calls; the *trip-wire* judges the invariants after each write.
"""
