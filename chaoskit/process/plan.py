"""Injections of process faults. The runner applies them itself, so there is no plan for another process."""

from __future__ import annotations

from typing import TypeAlias

from chaoskit.process.faults import ProcessFault
from chaoskit.process.target import ProcessTarget
from chaoskit.timeline.injection import Injection

ProcessInjection: TypeAlias = Injection[ProcessTarget, ProcessFault]
