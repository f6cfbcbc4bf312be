"""Which contacts may go to their control room without a handler: those a rule covers in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from intake.contact import ChannelKind, Trust
from intake.control_room import Service
from intake.location import CallerLocation
from intake.routing.decision import RoutingDecision
from intake.routing.place import distance
from intake.routing.policy import ServiceWord

CLOCK_SKEW_S = 60.0
"""A sender's clock may run this far ahead before its times count as wrong."""


class AutoTransferRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[auto_transfer]]`` of ``config/route_policy.toml``: every condition must hold.

    An empty ``channels`` means all of them. Over these conditions stand the ones no rule can lift:
    a place, a room that is not the national default, no defect, not silent.
    """

    id: str
    services: tuple[ServiceWord, ...]
    trust: tuple[Trust, ...]
    max_radius_m: float
    min_probability: float
    max_age_s: float
    channels: tuple[str, ...] = ()
    needs_text: bool = True
    needs_explicit_service: bool = True


class AutoTransferPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """No rules means that everything waits for a handler."""

    rules: tuple[AutoTransferRule, ...] = ()


class AutoTransferVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """``rule_id`` is the rule that allowed it, or came nearest to it; ``reasons`` say what it lacked."""

    allowed: bool
    rule_id: str
    reasons: tuple[str, ...]


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    trust: Trust
    service: Service
    service_explicit: bool
    location: CallerLocation
    decision: RoutingDecision
    age_s: float
    has_text: bool
    channel: ChannelKind


def may_go(
    policy: AutoTransferPolicy,
    *,
    trust: Trust,
    service: Service | None,
    service_explicit: bool,
    location: CallerLocation | None,
    decision: RoutingDecision | None,
    age_s: float,
    silent: bool,
    defect: str,
    has_text: bool,
    channel: ChannelKind,
) -> AutoTransferVerdict:
    """Decide for one contact and one service. ``age_s`` is from sent to now, in seconds.

    ``service_explicit`` is true when the caller chose the service in a structured field; false when
    it was read out of plain words. Anything in doubt waits for a person.
    """
    if service is None or location is None or decision is None or decision.is_default or silent or defect:
        lacking = _never_alone(service, location, decision, silent=silent, defect=defect)
        return AutoTransferVerdict(allowed=False, rule_id="", reasons=tuple(lacking))
    case = _Case(
        trust=trust,
        service=service,
        service_explicit=service_explicit,
        location=location,
        decision=decision,
        age_s=age_s,
        has_text=has_text,
        channel=channel,
    )
    return _nearest(policy.rules, case)


def _never_alone(
    service: Service | None,
    location: CallerLocation | None,
    decision: RoutingDecision | None,
    *,
    silent: bool,
    defect: str,
) -> Iterator[str]:
    if service is None:
        yield "no service is known"
    if location is None:
        yield "no location is known"
    if decision is None:
        yield "it has not been routed"
    elif decision.is_default:
        yield "it would go to the national default room"
    if silent:
        yield "the contact is silent"
    if defect:
        yield "a message of it could not be read in full"


def _nearest(rules: Sequence[AutoTransferRule], case: _Case) -> AutoTransferVerdict:
    best: AutoTransferVerdict | None = None
    for rule in rules:
        if case.service.word not in rule.services or (rule.channels and case.channel not in rule.channels):
            continue
        lacking = tuple(_lacking(rule, case))
        if not lacking:
            return AutoTransferVerdict(allowed=True, rule_id=rule.id, reasons=())
        if best is None or len(lacking) < len(best.reasons):
            best = AutoTransferVerdict(allowed=False, rule_id=rule.id, reasons=lacking)
    if best is None:
        reason = f"no rule lets {case.service.word} by {case.channel} go without a handler"
        return AutoTransferVerdict(allowed=False, rule_id="", reasons=(reason,))
    return best


def _lacking(rule: AutoTransferRule, case: _Case) -> Iterator[str]:
    """Written so that a value that is not a number fails its condition."""
    radius_m = case.location.radius_m()
    if case.trust not in rule.trust:
        yield f"the sender is {case.trust.value}: the rule asks for {' or '.join(rule.trust)}"
    if rule.needs_explicit_service and not case.service_explicit:
        yield "the service was read from words, not chosen by the caller"
    if rule.needs_text and not case.has_text:
        yield "the caller has not said what happened"
    if not radius_m <= rule.max_radius_m:
        yield f"the circle of {distance(radius_m)} is wider than {distance(rule.max_radius_m)}"
    if not case.decision.probability >= rule.min_probability:
        asked = f"the rule asks for {100 * rule.min_probability:.0f} %"
        yield f"the room is only {100 * case.decision.probability:.0f} % sure: {asked}"
    if not -CLOCK_SKEW_S <= case.age_s <= rule.max_age_s:
        yield f"the message is {case.age_s:,.0f} s old: the rule allows {rule.max_age_s:,.0f} s"
