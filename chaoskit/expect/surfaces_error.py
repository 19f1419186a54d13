"""``surfaces_error``: which error a client must show its application."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, each_client, in_phase, named
from chaoskit.expect._pattern import is_in, read_pattern
from chaoskit.journal.calls import Call
from chaoskit.journal.run import Phase, Run
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class SurfacesError(Expectation):
    """Calls that started in ``phase`` failed, and each that did shows the error that is asked for.

    ``type`` is the class of the error that the application catches (the outermost of the chain), or one of several; ``cause`` a class
    anywhere behind it. ``errno`` is a number anywhere in the chain (of the resolver: EAI_NODATA is -5, EAI_NONAME -2, EAI_AGAIN -3;
    getaddrinfo(3)). ``message`` is a regular expression that is found in the text of some error of the chain. If no call failed it is
    broken: nothing surfaced. Without ``client`` it must hold for every client.
    """

    client: str | None = None
    phase: Phase | None = "fault"
    type: str | tuple[str, ...] | None = None
    cause: str | None = None
    errno: int | None = None
    message: str | None = None

    def __post_init__(self) -> None:
        if not self._asked():
            raise ValueError("nothing is asked; write type, cause, errno or message")
        try:
            read_pattern(self.message or "")
        except ValueError as error:
            raise ValueError(f"message {self.message!r}: {error}") from error

    @property
    def types(self) -> tuple[str, ...]:
        """The classes that are allowed as the outermost."""
        return (self.type,) if isinstance(self.type, str) else self.type or ()

    def judge(self, run: Run) -> Verdict:
        title = f"surfaces_error {named(self.client)}{in_phase(self.phase)} {', '.join(self._asked())}"
        return each_client(title, run, self.client, self.phase, self._part)

    def _asked(self) -> list[str]:
        asked = [f"type {' or '.join(self.types)}"] if self.types else []
        asked += [f"cause {self.cause}"] if self.cause is not None else []
        asked += [f"errno {self.errno}"] if self.errno is not None else []
        return asked + ([f"message /{self.message}/"] if self.message is not None else [])

    def _part(self, client: str, calls: list[Call]) -> Part:
        failed = [call for call in calls if call.result == "failed"]
        silent = [call for call in calls if call.result == "unknown" and call.cut is None]
        wrong = [call for call in failed if not self._shows(call)]
        if wrong:
            instead = Counter(_chain(call) for call in wrong).most_common(1)[0][0]
            because = f"{client}: {len(wrong)} of {len(failed)} failed calls showed another error: {instead}"
            return Part("broken", because, tuple(call.evidence[-1] for call in wrong))
        if silent:
            because = f"{client}: {len(silent)} calls never ended, so what they would have shown is not known"
            return Part("unknown", because, tuple(call.evidence[0] for call in silent))
        if not failed:
            because = f"{client}: no call failed{in_phase(self.phase)}, so no error surfaced"
            return Part("broken", because, tuple(call.evidence[-1] for call in calls))
        each = f"all {len(failed)} failed calls" if len(failed) > 1 else "the one failed call"
        because = f"{client}: {each}{in_phase(self.phase)} showed it: {_chain(failed[0])}"
        return Part("held", because, tuple(call.evidence[-1] for call in failed))

    def _shows(self, call: Call) -> bool:
        if not call.errors:
            return False
        return (
            (not self.types or call.errors[0].type in self.types)
            and (self.cause is None or any(link.type == self.cause for link in call.errors[1:]))
            and (self.errno is None or any(link.errno == self.errno for link in call.errors))
            and (self.message is None or any(is_in(self.message, link.message) for link in call.errors))
        )


def _chain(call: Call) -> str:
    """``EndpointConnectionError ← gaierror -5``, and the outermost text."""
    if not call.errors:
        return "no error was told"
    links = [link.type + (f" {link.errno}" if link.errno is not None else "") for link in call.errors]
    return f"{' ← '.join(dict.fromkeys(links))} ({call.errors[0].message})"
