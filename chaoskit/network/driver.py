"""The driver of the proxy plane: makes the proxies, and switches toxics when the timeline says so.

It does not sleep: ``due`` tells its caller when to call ``change``. Each change is reported when the server has confirmed it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Protocol

from chaoskit.clock import Instant
from chaoskit.errors import ProxyError
from chaoskit.journal.events import Event, InjectionApplied, InjectionLifted
from chaoskit.network.plan import NetworkInjection, ProxySpec
from chaoskit.network.toxics import Toxic
from chaoskit.network.toxics.down import Down
from chaoskit.network.where import Stream
from chaoskit.timeline.injection import Timeline


class Control(Protocol):
    """What the driver needs of ``ToxiproxyControl``."""

    def populate(self, proxies: Iterable[ProxySpec]) -> dict[str, str]:
        """Make proxies; their addresses."""

    def remove_proxy(self, name: str) -> None:
        """Take a proxy away."""

    def add_toxic(self, proxy: str, name: str, toxic: Toxic, stream: Stream, toxicity: float) -> None:
        """Put a toxic on."""

    def remove_toxic(self, proxy: str, name: str) -> None:
        """Take a toxic off."""

    def switch(self, proxy: str, *, on: bool) -> None:
        """Let a proxy listen, or not."""


class Driver:
    """Holds what is on. ``due`` is the instant of the next change, None when there is none."""

    def __init__(
        self,
        injections: tuple[NetworkInjection, ...],
        control: Control,
        emit: Callable[[Event], None],
        now: Callable[[], Instant],
    ) -> None:
        self._timeline = Timeline(injections)
        self._control = control
        self._emit = emit
        self._now = now
        self._proxies: dict[str, list[str]] = defaultdict(list)
        self._on: dict[str, NetworkInjection] = {}
        self.due: Instant | None = None

    def populate(self, proxies: Iterable[ProxySpec]) -> dict[str, str]:
        """Make the proxies; their addresses. Raises ``ProxyError`` when an injection's service has none."""
        specs = list(proxies)
        for spec in specs:
            self._proxies[spec.service].append(spec.name)
        for injection in self._timeline.injections:
            if injection.where.service not in self._proxies:
                known = ", ".join(self._proxies) or "none"
                raise ProxyError(
                    f"injection {injection.id} is for service {injection.where.service!r}, which has no proxy; known: {known}"
                )
        return self._control.populate(specs)

    def arm(self, origin: Instant) -> None:
        """The experiment's 0 s is ``origin``."""
        self._timeline = self._timeline.anchored(origin)
        self.due = self._timeline.next_change(origin - 1)

    def seen(self, event: str, at: Instant) -> None:
        """Windows that waited for ``event`` end ``at``; what must change for that is due then."""
        timeline = self._timeline.seen(event, at)
        if timeline != self._timeline:
            self._timeline = timeline
            self.due = at if self.due is None else min(self.due, at)

    def change(self) -> None:
        """Bring about what is to be at ``due``. However late this is called, no window is left out."""
        assert self.due is not None
        due = self.due
        wanted = {injection.id: injection for injection in self._timeline.active(due)}
        for injection in [injection for name, injection in self._on.items() if name not in wanted]:
            self._lift(injection, due)
        for injection in [injection for name, injection in wanted.items() if name not in self._on]:
            self._apply(injection, due)
        self.due = self._timeline.next_change(due)

    def lift_all(self) -> None:
        """Take off what is on, ahead of its time: the run is over."""
        for injection in list(self._on.values()):
            end = self._timeline.anchored(self._timeline.origin or 0).next_change(self._now())
            self._lift(injection, end if end is not None else self._now())

    def remove_proxies(self) -> None:
        """Take our proxies away from a server that is not ours."""
        for name in [name for names in self._proxies.values() for name in names]:
            self._control.remove_proxy(name)

    def _apply(self, injection: NetworkInjection, due: Instant) -> None:
        down_already = self._is_down(injection.where.service)
        for proxy in self._proxies[injection.where.service]:
            if not isinstance(injection.fault, Down):
                self._control.add_toxic(proxy, injection.id, injection.fault, injection.where.stream, injection.chance)
            elif not down_already:
                self._control.switch(proxy, on=False)
        self._on[injection.id] = injection
        self._emit(InjectionApplied(at=self._now(), injection=injection.id, due=due))

    def _lift(self, injection: NetworkInjection, due: Instant) -> None:
        del self._on[injection.id]
        still_down = self._is_down(injection.where.service)
        for proxy in self._proxies[injection.where.service]:
            if not isinstance(injection.fault, Down):
                self._control.remove_toxic(proxy, injection.id)
            elif not still_down:
                self._control.switch(proxy, on=True)
        self._emit(InjectionLifted(at=self._now(), injection=injection.id, due=due))

    def _is_down(self, service: str) -> bool:
        return any(isinstance(on.fault, Down) and on.where.service == service for on in self._on.values())
