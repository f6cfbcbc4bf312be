"""A decision made again from its own record, and by what stands today: the same answer, or which and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from intake.routing.decision import METHOD, DecisionRecord, RoutingDecision, with_room
from intake.routing.grounds import rule_text
from intake.routing.router import RegionalRouter

SAME_WITHIN = 1e-6
"""Probabilities that differ by less are the same: another machine's last digits are not another answer."""


class ReplayVerdict(StrEnum):
    """``altered``: the record is not what was written. ``impossible``: what it stood on was not kept."""

    SAME = "same"
    DIFFERENT = "different"
    ALTERED = "altered"
    IMPOSSIBLE = "impossible"


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision gives when it is made again.

    ``then`` is the answer on its own map, policy and register, ``now`` that of today's; ``changed``
    names what changed between, ``differences`` where ``then`` is not what was recorded, ``problems``
    what is wrong with the record itself.
    """

    verdict: ReplayVerdict
    words: str
    then: RoutingDecision | None
    now: RoutingDecision
    changed: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def replay(
    record: DecisionRecord,
    then: RegionalRouter | None,
    today: RegionalRouter,
    *,
    problems: Sequence[str] = (),
    missing: str = "",
) -> Replay:
    """Pure. ``then`` is the router that stood on the record's own grounds, None with the reason in
    ``missing``; ``problems`` is what the seal and the log say against the record."""
    now = _again(record, today)
    changed = tuple(_changed(record, today))
    made = None if then is None else _again(record, then)
    differences = () if made is None else tuple(_differences(record.decision, made))
    if problems:
        verdict, words = ReplayVerdict.ALTERED, "the record is not what was written: do not rely on it"
    elif made is None:
        verdict, words = ReplayVerdict.IMPOSSIBLE, f"it cannot be replayed: {missing}"
    elif differences:
        verdict, words = ReplayVerdict.DIFFERENT, f"replayed, it differs: {'; '.join(differences)}"
    else:
        verdict, words = ReplayVerdict.SAME, "replayed on its own map, policy and register: the same answer"
    if made is not None and changed:
        same = not list(_differences(made, now, with_map=False))
        words += f"; since then changed: {', '.join(changed)}; today's answer is "
        words += "the same" if same else f"{now.room_id} (rule {now.rule_id})"
    return Replay(
        verdict=verdict,
        words=words,
        then=made,
        now=now,
        changed=changed,
        differences=differences,
        problems=tuple(problems),
    )


def _again(record: DecisionRecord, router: RegionalRouter) -> RoutingDecision:
    inputs = record.inputs
    return with_room(router.route(inputs.service, inputs.location), inputs.room_id, inputs.room_rule)


def _changed(record: DecisionRecord, today: RegionalRouter) -> Iterator[str]:
    inputs = record.inputs
    if record.decision.map_version != today.map_version:
        yield f"the map ({record.decision.map_version} → {today.map_version})"
    if inputs.policy and inputs.policy != today.grounds.policy_fingerprint:
        yield f"the policy ({_rule_change(record, today)})"
    if inputs.register and inputs.register != today.grounds.register_fingerprint:
        yield f"the register ({inputs.register[:8]} → {today.grounds.register_fingerprint[:8]})"
    if inputs.method and inputs.method != METHOD:
        yield f"the method ({inputs.method} → {METHOD})"


def _rule_change(record: DecisionRecord, today: RegionalRouter) -> str:
    versions = f"{record.inputs.policy[:8]} → {today.grounds.policy_fingerprint[:8]}"
    stood = record.inputs.rule
    if stood is None:
        return versions
    rule = today.rule(str(stood.get("id")))
    if rule is None:
        return f"{versions}; its rule {stood.get('id')} is gone"
    same = rule_text(rule) == stood
    return f"{versions}; its rule {rule.id} {'stands as it did' if same else 'was changed'}"


def _differences(recorded: RoutingDecision, made: RoutingDecision, *, with_map: bool = True) -> Iterator[str]:
    for name in ("room_id", "rule_id", "reason", "place", "is_default", "service"):
        before, after = getattr(recorded, name), getattr(made, name)
        if before != after:
            yield f"{name.replace('_id', '')} was {before}, is {after}"
    for name in ("probability", "radius_m", "reach_m"):
        before, after = getattr(recorded, name), getattr(made, name)
        if abs(before - after) > SAME_WITHIN:
            yield f"{name} was {before:.6f}, is {after:.6f}"
    for what, before, after in (
        ("candidates", _odds(recorded), _odds(made)),
        ("areas", _areas(recorded), _areas(made)),
    ):
        if before.keys() != after.keys():
            gone, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
            yield f"{what}: {', '.join([f'without {one}' for one in gone] + [f'with {one}' for one in new])}"
        yield from (
            f"{what}: {one} was {before[one]:.6f}, is {after[one]:.6f}"
            for one in before.keys() & after.keys()
            if abs(before[one] - after[one]) > SAME_WITHIN
        )
    if with_map and recorded.map_version != made.map_version:
        yield f"map was {recorded.map_version}, is {made.map_version}"


def _odds(decision: RoutingDecision) -> dict[str, float]:
    return {one.room_id: one.probability for one in decision.candidates}


def _areas(decision: RoutingDecision) -> dict[str, float]:
    return {f"{one.code} ({one.room_id or 'abroad'})": one.probability for one in decision.areas}
