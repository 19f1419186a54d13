"""The driver of the proxy plane: makes the proxies, and switches toxics when the timeline says so.

It does not sleep: ``due`` tells its caller when to call ``change``. Each change is reported when the server has confirmed it, with the
instants at which it was due, begun and confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from chaoskit.clock import Instant
from chaoskit.errors import ProxyError
from chaoskit.journal.events import Event, InjectionApplied, InjectionLifted
from chaoskit.network.plan import NetworkInjection, ProxySpec
from chaoskit.network.target import NetworkTarget, Stream
from chaoskit.network.toxics import Toxic
from chaoskit.network.toxics.down import Down
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
        self._proxies: list[ProxySpec] = []
        self._on: dict[str, NetworkInjection] = {}
        self.due: Instant | None = None

    def populate(self, proxies: Iterable[ProxySpec]) -> dict[str, str]:
        """Make the proxies; their addresses. Raises ``ProxyError`` when an injection's service has none."""
        self._proxies = list(proxies)
        for injection in self._timeline.injections:
            if not self._meant(injection.where):
                known = ", ".join(dict.fromkeys(proxy.service for proxy in self._proxies)) or "none"
                raise ProxyError(
                    f"injection {injection.id} is for {injection.where.describe()}, which has no proxy; known: {known}"
                )
        return self._control.populate(self._proxies)

    def arm(self, origin: Instant) -> None:
        """The experiment's 0 s is ``origin``."""
        self._timeline = self._timeline.anchored(origin)
        self.due = self._timeline.next_change(origin - 1)

    def with_event(self, event: str, at: Instant) -> None:
        """Windows that waited for ``event`` end ``at``; what must change for that is due then."""
        timeline = self._timeline.with_event(event, at)
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
        for proxy in self._proxies:
            self._control.remove_proxy(proxy.name)

    def _apply(self, injection: NetworkInjection, due: Instant) -> None:
        asked = self._now()
        for proxy in self._meant(injection.where):
            if not isinstance(injection.fault, Down):
                toxic = injection.fault, injection.where.stream, injection.chance
                self._control.add_toxic(proxy.name, injection.id, *toxic)
            elif not self._is_down(proxy):
                self._control.switch(proxy.name, on=False)
        self._on[injection.id] = injection
        self._emit(InjectionApplied(at=self._now(), injection=injection.id, due=due, asked=asked))

    def _lift(self, injection: NetworkInjection, due: Instant) -> None:
        del self._on[injection.id]
        asked = self._now()
        for proxy in self._meant(injection.where):
            if not isinstance(injection.fault, Down):
                self._control.remove_toxic(proxy.name, injection.id)
            elif not self._is_down(proxy):
                self._control.switch(proxy.name, on=True)
        self._emit(InjectionLifted(at=self._now(), injection=injection.id, due=due, asked=asked))

    def _meant(self, where: NetworkTarget) -> list[ProxySpec]:
        return [proxy for proxy in self._proxies if proxy.meets(where)]

    def _is_down(self, proxy: ProxySpec) -> bool:
        """By what is on now."""
        return any(isinstance(on.fault, Down) and proxy.meets(on.where) for on in self._on.values())
