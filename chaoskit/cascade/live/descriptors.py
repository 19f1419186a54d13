"""As many open sockets as this process may have (getrlimit(2))."""

from __future__ import annotations

import resource

MOST = 65_536


def raise_descriptors() -> None:
    """Raise the soft limit of open descriptors to the hard one, at most ``MOST``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
