"""The user's own command of ``chaoskit exec`` as the journal tells it: how it ended, and its requests as calls. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.journal.calls import Call
from chaoskit.journal.events import CommandFinished, CommandStarted, ErrorLink, RequestAnswered, RequestArrived
from chaoskit.journal.run import Run

MOST_SIGNAL = 64
"""The highest number of a signal on Linux (signal(7))."""


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How the command ended: its exit code as a shell has it, and how long it ran. ``refused``: why it could not be started."""

    client: str
    exit_code: int
    elapsed_ns: int
    refused: str | None

    @property
    def words(self) -> str:
        """``the command ended with code 7``; a code above 128 may be a shell's for a signal, or the program's own."""
        if self.refused is not None:
            return f"the command could not be started: {self.refused}"
        signal = f" (as after signal {self.exit_code - 128})" if 128 < self.exit_code <= 128 + MOST_SIGNAL else ""
        return f"the command ended with code {self.exit_code}{signal}"


def command_end(run: Run) -> CommandEnd | None:
    """The end of the run's command; None for a run without one, or whose command was not seen to end."""
    finished = run.of(CommandFinished)
    if not finished:
        return None
    event = finished[-1][1]
    started: Instant = next((begun.at for _, begun in run.of(CommandStarted)), event.at)
    return CommandEnd(event.client, event.exit_code, event.at - started, event.refused)


def requests_as_calls(run: Run, client: str) -> tuple[Call, ...]:
    """Requests at the services as calls of ``client``, which tells none itself: for drawing, not for judging.

    A request failed when it was answered with an error code or a status from 400 on; one without an answer is *unknown*.
    """
    answers = {event.request: event for _, event in run.of(RequestAnswered)}
    calls = []
    for seq, arrived in run.of(RequestArrived):
        answer = answers.get(arrived.request)
        failed = answer is not None and (answer.error is not None or answer.status >= 400)
        error = (ErrorLink(type=answer.error or f"HTTP {answer.status}", message=""),) if answer and failed else ()
        calls.append(
            Call(
                client=client,
                number=arrived.request,
                operation=f"{arrived.service} {arrived.operation}",
                started=arrived.at,
                finished=answer.at if answer else None,
                due=arrived.at,
                result="unknown" if answer is None else "failed" if failed else "ok",
                errors=error,
                attempts=(),
                concurrent=False,
                evidence=(seq,),
            )
        )
    return tuple(calls)


def user_agents(run: Run) -> tuple[str, ...]:
    """What the programs of the run called themselves in their requests, each once."""
    return tuple(dict.fromkeys(event.user_agent for _, event in run.of(RequestArrived) if event.user_agent))
