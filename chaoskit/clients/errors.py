"""An exception as the journal keeps it: the whole chain, down to the operating system's own number."""

from __future__ import annotations

from chaoskit.journal.events import ErrorLink

MESSAGE_LENGTH_MAX = 400


def error_chain(error: BaseException) -> tuple[ErrorLink, ...]:
    """The exceptions behind ``error``, outermost first, each once.

    Libraries keep their cause in different places: Python in ``__cause__`` and ``__context__``, urllib3 in ``reason`` or among the
    arguments, botocore in the keyword ``error`` of its message (``BotoCoreError.kwargs``). The errno of ``socket.gaierror``
    is the resolver's ``EAI_*`` number.
    """
    links: list[ErrorLink] = []
    visited: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in visited:
            continue
        visited.add(id(current))
        number = current.errno if isinstance(current, OSError) and isinstance(current.errno, int) else None
        links.append(ErrorLink(type=type(current).__name__, message=str(current)[:MESSAGE_LENGTH_MAX], errno=number))
        waiting.extend(_behind(current))
    return tuple(links)


def _behind(error: BaseException) -> list[BaseException]:
    kwargs = getattr(error, "kwargs", None)
    places = [
        error.__cause__,
        None if error.__suppress_context__ else error.__context__,
        getattr(error, "reason", None),
        kwargs.get("error") if isinstance(kwargs, dict) else None,
        *error.args,
    ]
    return [place for place in places if isinstance(place, BaseException)]
