"""Trials and observations for tests: what the witnesses would have seen."""

from __future__ import annotations

from dataclasses import replace

from chaoskit.survey.dependency import Dependency
from chaoskit.survey.observation import ClientResult, Observation, Witness
from chaoskit.survey.trial import BY_KEY, Trial
from chaoskit.units import SECOND

PROXIED = Dependency(name="db.example.internal", addresses=("127.0.3.1", "::1"), lookups=2, service="db", connections=2)
PLAIN = replace(PROXIED, service=None, connections=None)
NOTHING = Witness(lookups=(), repeats=(), connections=None, dialling=(), held=())


def trial(fault: str, dependency: Dependency = PROXIED, start_s: int = 0) -> Trial:
    """A fault of fifteen seconds."""
    return Trial(dependency, BY_KEY[fault], start_s * SECOND, 15 * SECOND)


def command(status: str, elapsed_s: float, exit_code: int | None = 1, **witness: object) -> Observation:
    """What became of a command that takes a second without a fault."""
    elapsed = round(elapsed_s * SECOND)
    succeeded = exit_code == 0 and elapsed > 15 * SECOND
    return Observation(
        status=status,  # type: ignore[arg-type]
        start_ns=0,
        end_ns=15 * SECOND,
        watched_ns=max(elapsed, 16 * SECOND),
        witness=replace(NOTHING, **witness),  # type: ignore[arg-type]
        hung_ns=max(0, elapsed - SECOND),
        hung_open=exit_code is None,
        back_ns=elapsed - 15 * SECOND if succeeded else None,
        exit_code=exit_code,
        elapsed_ns=elapsed,
    )


def clients(
    status: str, *, failed: int = 0, hung_s: float = 0, back_s: float | None = None, **witness: object
) -> Observation:
    """What became of sixty calls that began in a fault from 3 s to 18 s, of a run of 28 s."""
    return Observation(
        status=status,  # type: ignore[arg-type]
        start_ns=3 * SECOND,
        end_ns=18 * SECOND,
        watched_ns=28 * SECOND,
        witness=replace(NOTHING, **witness),  # type: ignore[arg-type]
        hung_ns=round(hung_s * SECOND),
        back_ns=None if back_s is None else round(back_s * SECOND),
        clients=(
            ClientResult(
                client="probe",
                count=60,
                failed=failed,
                longest_ns=round(hung_s * SECOND),
                longest_open=False,
                back_ns=None,
                is_back=True,
                exposed=True,
            ),
        ),
    )
