"""The operator's desk: obeys what the trainee asks for, and journals each of it.

Requests come through the door of ``engine/steering.py``, as ``{"do": "operator", "what": …}``. The answer has ``says``, a text for
people, and whatever else programs want; or ``error``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from chaoskit.drill.alarms import alarms_of
from chaoskit.drill.plan import ActionSpec, GuardSpec, OrderSpec
from chaoskit.drill.roles import FOR_ALL, ROLES, roles_with, verbs_of
from chaoskit.drill.scenario import Scenario
from chaoskit.drill.status_page import page_html, page_text
from chaoskit.engine.session import Stage
from chaoskit.engine.steering import WITHIN_S, RequestRefused, Steering
from chaoskit.journal.events import (
    DiagnosisGiven,
    DrillAborted,
    DrillBegan,
    DrillEnded,
    DrillHeld,
    DrillResumed,
    HintTaken,
    LevelMeasured,
    NoteTaken,
    OperatorActed,
    OperatorDone,
    OperatorRefused,
    Role,
    StatusPosted,
    TimelineArmed,
    TriggerReplayed,
    WatchBegan,
)
from chaoskit.timeline.window import Once
from chaoskit.units import format_duration

AGAIN = "trigger-again"
"""The id of the replayed trigger."""


class Desk:
    """What the trainee can do in one drill, and what the drill does after that."""

    def __init__(
        self,
        scenario: Scenario,
        stage: Stage,
        responder: Literal["person", "program"],
        publish: Callable[[str], object] = lambda page: None,
    ) -> None:
        """``publish`` is given the status page as HTML, at the begin and with each update."""
        self.scenario = scenario
        self._stage = stage
        self._steering = Steering(scenario.experiment, stage)
        self._responder = responder
        self._publish = publish
        self._armed: TimelineArmed | None = None
        self._disarmed = False
        self._over = False
        self._posts: list[StatusPosted] = []
        self._hints = 0
        self._acted: set[str] = set()
        self._held = False
        self._levels: dict[tuple[str, str], float] = {}
        self.aborted = asyncio.Event()
        self._now = stage.clock.now
        publish(page_html([]))
        stage.journal.listen(lambda entry: self._hear(entry.event))

    def _hear(self, event: Any) -> None:
        if isinstance(event, LevelMeasured):
            self._levels[event.client, event.name] = event.value
        elif isinstance(event, TimelineArmed):
            self._armed = event
            scenario = self.scenario
            self._tell(
                DrillBegan(at=self._now(), scenario=scenario.name, plan=scenario.plain, responder=self._responder)
            )

    def _tell(self, event: Any) -> None:
        self._stage.journal.append(event)

    async def obey(self, request: Any) -> dict[str, Any]:
        """The answer to a request, when it is done. One without a ``role`` is of somebody who is alone."""
        role: Role = "alone"
        try:
            role = _role_of(request)
            return await self._obey(request, role)
        except (RequestRefused, ValueError) as error:
            self._tell(OperatorRefused(at=self._now(), request=_short(request), because=str(error), role=role))
            return {"error": str(error)}
        except TimeoutError:
            return {"error": f"the run's DNS server did not say within {WITHIN_S:g} s that it is done"}

    async def _obey(self, request: Any, role: Role) -> dict[str, Any]:
        if self._over:
            raise RequestRefused("the drill is over for you; leave the shell to see how it went")
        if self._held and role != "facilitator" and request.get("what") not in FOR_ALL:
            raise RequestRefused(
                "the facilitator holds the drill; wait for `chaoskit operator --role facilitator resume`"
            )
        match request:
            case {"do": "operator", "what": "brief" | "page" | "levels" | "alarms" as what}:
                return self._show(what, role)
            case {"do": "operator", "what": "act", "action": str(action), "subject": str(subject)}:
                return await self._act(action, subject, role)
            case {"do": "operator", "what": "diagnose", "ago_ns": int(ago), "name": str(name), **rest}:
                return self._diagnose(name, str(rest.get("mechanism")), str(rest.get("scope")), ago, role)
            case {
                "do": "operator",
                "what": "status",
                "text": str(text),
                "next_ns": int() | None as next_ns,
                "resolved": bool(resolved),
            }:
                return self._post(text, next_ns, resolved, role)
            case {"do": "operator", "what": "note", "text": str(text)}:
                return self._note(text, role)
            case {"do": "operator", "what": "hint"}:
                return self._hint(role)
            case {"do": "operator", "what": "done"}:
                self._tell(OperatorDone(at=self._now(), role=role))
                self._over = True
                return {
                    "says": "noted. Leave the shell (exit): then the drill watches whether it lasts, and tells how it went"
                }
        return self._preside(request)

    def _show(self, what: str, role: Role) -> dict[str, Any]:
        """What can be read and changes nothing."""
        if what == "brief":
            return self.brief(role)
        if what == "page":
            return {"says": page_text(self._posts, self._now())}
        if what == "levels":
            return self._show_levels()
        alarms = alarms_of(self.scenario)
        return {"says": "\n".join(alarms) or "no alarm", "alarms": alarms}

    def _preside(self, request: Any) -> dict[str, Any]:
        """What the facilitator alone may ask for."""
        match request:
            case {"do": "operator", "what": "hold" | "resume" as what}:
                return self._hold(what == "hold")
            case {"do": "operator", "what": "abort", "because": str(because)}:
                if not because.strip():
                    raise RequestRefused(
                        "an abort has a reason, which the debrief shows; write it behind the word abort"
                    )
                self._tell(DrillAborted(at=self._now(), because=because))
                self._over = True
                self.aborted.set()
                return {"says": "aborted; the drill ends now, and its journal and debrief are kept"}
        raise RequestRefused("this is no request that a drill knows")

    def _show_levels(self) -> dict[str, Any]:
        """The scenario's levels as their clients told them last, each with what it is when all is well."""
        drill = self.scenario.drill
        specs = [(spec.client, spec.level, spec.at_least) for spec in drill.healthy]
        specs += [(guard.client, guard.level, 1.0) for guard in drill.guards.values() if isinstance(guard, GuardSpec)]
        levels = [
            {
                "client": client,
                "level": level,
                "value": value,
                "at_least": least,
                "well": value is not None and value >= least,
            }
            for client, level, least in specs
            for value in [self._levels.get((client, level))]
        ]
        lines = [
            f"{entry['client']}: {entry['level']} "
            f"{'not told yet' if entry['value'] is None else format(entry['value'], 'g')}; well from {entry['at_least']:g} on"
            for entry in levels
        ]
        return {
            "says": "\n".join(lines) or "this scenario shows no levels; use dig, curl and the SDK",
            "levels": levels,
        }

    def brief(self, role: Role = "alone") -> dict[str, Any]:
        """What the trainee may know, for people and for programs, and what this ``role`` can do."""
        drill = self.scenario.drill
        diagnosis = drill.diagnosis
        lists = {"names": diagnosis.names, "mechanisms": diagnosis.mechanisms, "scopes": diagnosis.scopes}
        actions = [{"do": action.do, "subject": action.subject} for action in drill.actions]
        verbs = verbs_of(role)
        lines = [drill.brief.strip(), ""]
        if role not in ("alone", "operator"):
            lines += [f"As the {role} you can: {', '.join(verbs)}."]
        else:
            lines += ["What you can do:", *(f"  chaoskit operator {action.words}" for action in drill.actions)]
            lines += ["  chaoskit operator alarms"] if drill.alarms else []
            lines += ["  chaoskit operator levels"] if drill.healthy else []
            lines += ["Pick your diagnosis from:"]
            lines += [f"  --{key[:-1]}: {', '.join(values)}" for key, values in lists.items()]
        lines += [f"Hints: {len(drill.hints)}. Guards that protect you: {', '.join(drill.guards) or 'none'}."]
        return {
            "says": "\n".join(lines),
            "brief": drill.brief,
            "lists": lists,
            "actions": actions,
            "guards": drill.protections,
            "hints": len(drill.hints),
            "role": role,
            "verbs": verbs,
        }

    async def _act(self, verb: str, subject: str, role: Role) -> dict[str, Any]:
        action = self._action(verb, subject)
        if action.needs and not self._acted & set(action.needs):
            self._tell(OperatorActed(at=self._now(), action=action.do, subject=action.subject, role=role))
            return {"says": action.otherwise, "changed": False}
        self._acted.add(action.words)
        lifted = [fault for fault in (*action.lifts, *self._again(action)) if fault in self._steering.under_way()]
        await self._steering.lift(lifted, f"chaoskit operator {verb} {subject}".strip())
        for label in action.restarts:
            await self._stage.restart(label)
        ordered = self._order(action.orders)
        self._disarmed = (self._disarmed or action.disarms) and not action.arms
        self._tell(
            OperatorActed(
                at=self._now(),
                action=action.do,
                subject=action.subject,
                lifted=tuple(lifted),
                touched=action.touches,
                guards_off=action.guards_off,
                guards_on=action.guards_on,
                restarted=action.restarts,
                disarmed=action.disarms,
                ordered=ordered,
                armed=action.arms,
                role=role,
            )
        )
        return {"says": action.says, "changed": True}

    def _again(self, action: ActionSpec) -> list[str]:
        return [AGAIN] if self.scenario.drill.trigger.injection in action.lifts else []

    def _order(self, orders: Sequence[OrderSpec]) -> tuple[str, ...]:
        """Give clients their orders; what each does then is in the journal as its own event."""
        for order in orders:
            self._stage.send(order.to, {"do": "operate", "order": order.order})
        return tuple(order.words for order in orders)

    def _action(self, verb: str, subject: str) -> ActionSpec:
        actions = self.scenario.drill.actions
        for action in actions:
            if (action.do, action.subject) == (verb, subject.rstrip(".")):
                return action
        subjects = [action.subject for action in actions if action.do == verb]
        if subjects and not subject:
            raise RequestRefused(f"{verb} needs a subject: {', '.join(subjects)}")
        if named := ", ".join(filter(None, subjects)):
            raise RequestRefused(f"{verb} is for {named} here, not {subject}")
        if subjects:
            raise RequestRefused(f"{verb} has no subject; leave {subject} out")
        raise RequestRefused(
            f"{verb} is nothing that you can do here; choose of {', '.join(sorted({action.do for action in actions}))}"
        )

    def _diagnose(self, name: str, mechanism: str, scope: str, ago: int, role: Role) -> dict[str, Any]:
        lists = self.scenario.drill.diagnosis
        for key, picked, known in (
            ("name", name, lists.names),
            ("mechanism", mechanism, lists.mechanisms),
            ("scope", scope, lists.scopes),
        ):
            if picked not in known:
                raise RequestRefused(f"--{key} {picked}: pick one of {', '.join(known)}")
        at = self._now()
        self._tell(DiagnosisGiven(at=at, name=name, mechanism=mechanism, scope=scope, since=at - ago, role=role))
        return {"says": "noted; the last diagnosis counts"}

    def _post(self, text: str, next_ns: int | None, resolved: bool, role: Role) -> dict[str, Any]:
        if not text.strip():
            raise RequestRefused("an update has a text")
        at = self._now()
        next_by = None if next_ns is None else at + next_ns
        post = StatusPosted(at=at, text=text, next_by=next_by, resolved=resolved, role=role)
        self._posts.append(post)
        self._tell(post)
        self._publish(page_html(self._posts))
        return {"says": "published" + (f"; you promised the next within {format_duration(next_ns)}" if next_ns else "")}

    def _note(self, text: str, role: Role) -> dict[str, Any]:
        if not text.strip():
            raise RequestRefused("a note has a text")
        self._tell(NoteTaken(at=self._now(), text=text, role=role))
        return {"says": "noted, for the debrief's timeline"}

    def _hold(self, hold: bool) -> dict[str, Any]:
        if hold == self._held:
            raise RequestRefused("the drill is held already" if hold else "the drill is not held")
        self._held = hold
        self._tell((DrillHeld if hold else DrillResumed)(at=self._now()))
        return {"says": "held: nobody else is obeyed until you resume" if hold else "the drill goes on"}

    def _hint(self, role: Role) -> dict[str, Any]:
        hints = self.scenario.drill.hints
        if self._hints == len(hints):
            raise RequestRefused("there is no further hint")
        hint = hints[self._hints]
        self._hints += 1
        self._tell(HintTaken(at=self._now(), number=self._hints, cost=hint.cost, role=role))
        return {"says": f"{hint.text} (costs {hint.cost} points)", "cost": hint.cost}

    async def watch(self, *, time_up: bool) -> None:
        """After the trainee's end: see whether the recovery lasts, replay the trigger, and see again."""
        self._over = True
        watch, trigger = self.scenario.drill.watch, self.scenario.drill.trigger
        clock, begun = self._stage.clock, self._now()
        self._tell(WatchBegan(at=begun, time_up=time_up))
        await clock.sleep_until(begun + watch.sustained)
        ends = await self._replay(trigger.lasts)
        await clock.sleep_until(ends + watch.settle + watch.sustained)
        self._tell(DrillEnded(at=self._now()))

    async def _replay(self, lasts: int | None) -> int:
        """Bring the trigger back; returns the instant from which calls are to recover."""
        at = self._now()
        ends = at if lasts is None else at + lasts
        trigger = self.scenario.drill.trigger
        if self._disarmed:
            self._tell(TriggerReplayed(at=at, injection=None, ends=at))
            return at
        if trigger.orders:
            self._tell(TriggerReplayed(at=at, injection=None, ends=ends, orders=self._order(trigger.orders)))
            return ends
        assert self._armed is not None
        (before,) = [
            injection for injection in self.scenario.experiment.planes["dns"] if injection.id == trigger.injection
        ]
        start = at - self._armed.origin
        length = lasts if lasts is not None else self._armed.ends - at
        await self._steering.inject(replace(before, id=AGAIN, when=Once(start, length)))
        self._tell(TriggerReplayed(at=at, injection=AGAIN, ends=ends))
        return ends


def _role_of(request: Any) -> Role:
    """Who asks. Raises ``RequestRefused`` for a role that there is not, and for a verb that is none of the role's."""
    role, verb = (request.get("role", "alone"), request.get("what")) if isinstance(request, dict) else ("alone", None)
    if role not in ROLES:
        raise RequestRefused(f"{role!r} is no role; choose of {', '.join(ROLES)}")
    if isinstance(verb, str) and verb not in verbs_of(role) and (owners := roles_with(verb)):
        who = "you have no role" if role == "alone" else f"you are the {role}"
        asked = request.get("action", verb) if verb == "act" else verb
        raise RequestRefused(
            f"{asked} is for the {' or the '.join(owners)}, and {who}; you can {', '.join(verbs_of(role))}"
        )
    return role


def _short(request: Any) -> str:
    words = (
        [f"{key}={value}" for key, value in request.items() if key != "do"]
        if isinstance(request, dict)
        else [str(request)]
    )
    return " ".join(words)[:200]
