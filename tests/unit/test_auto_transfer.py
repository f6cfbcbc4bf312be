"""What may go without a handler: everything in order, or it waits, with every reason in words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from intake.contact import ChannelKind, Trust
from intake.control_room import RoomId, Service
from intake.location import CallerLocation
from intake.register import load_auto_transfer
from intake.routing.auto_transfer import AutoTransferPolicy, AutoTransferVerdict, may_go
from intake.routing.decision import Candidate, RoutingDecision

CONFIG = Path(__file__).parents[2] / "config"
POLICY = load_auto_transfer(CONFIG)
DECISION = RoutingDecision(
    service=Service.AMBULANCE,
    room_id=RoomId("ambulance-welsh"),
    rule_id="inside",
    reason="inside",
    probability=0.95,
    candidates=(Candidate(room_id=RoomId("ambulance-welsh"), probability=0.95),),
    map_version="test",
    is_default=False,
)
WHOLE: dict[str, Any] = {
    "trust": Trust.TOKEN,
    "service": Service.AMBULANCE,
    "service_explicit": True,
    "location": CallerLocation(latitude=51.48, longitude=-3.18, uncertainty_m=20),
    "decision": DECISION,
    "age_s": 4.0,
    "silent": False,
    "defect": "",
    "has_text": True,
    "channel": ChannelKind("app"),
}


def verdict(policy: AutoTransferPolicy = POLICY, **changes: Any) -> AutoTransferVerdict:
    return may_go(policy, **(WHOLE | changes))


def test_a_complete_contact_goes_by_a_named_rule() -> None:
    assert verdict() == AutoTransferVerdict(allowed=True, rule_id="app-fixed", reasons=())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"service": None}, "no service"),
        ({"location": None}, "no location"),
        ({"decision": None}, "not been routed"),
        ({"decision": msgspec.structs.replace(DECISION, is_default=True)}, "national default"),
        ({"silent": True}, "silent"),
        ({"defect": "cut short"}, "could not be read"),
        ({"trust": Trust.ANONYMOUS}, "the sender is anonymous"),
        ({"service_explicit": False}, "read from words"),
        ({"has_text": False}, "not said what happened"),
        ({"age_s": 301.0}, "301 s old"),
        ({"age_s": -61.0}, "s old"),
        ({"age_s": math.nan}, "s old"),
        (
            {"location": CallerLocation(latitude=51.48, longitude=-3.18, uncertainty_m=101)},
            "wider than 100 m",
        ),
        # 70 m at 68 % is 116 m at 95 %: scaled before it is judged.
        (
            {"location": CallerLocation(latitude=51.4, longitude=-3.1, uncertainty_m=70, confidence_pct=68)},
            "wider than 100 m",
        ),
        ({"location": CallerLocation(latitude=51.4, longitude=-3.1, uncertainty_m=math.nan)}, "wider than"),
        ({"decision": msgspec.structs.replace(DECISION, probability=0.6)}, "only 60 % sure"),
        ({"channel": ChannelKind("email")}, "no rule lets ambulance by email"),
    ],
)
def test_one_thing_missing_and_it_waits_for_a_person(changes: dict[str, Any], words: str) -> None:
    answer = verdict(**changes)
    assert not answer.allowed
    assert any(words in reason for reason in answer.reasons), answer.reasons


def test_all_reasons_are_given_at_once() -> None:
    assert len(verdict(service=None, location=None, decision=None, silent=True, defect="x").reasons) == 5
    assert len(verdict(has_text=False, age_s=900.0, service_explicit=False).reasons) == 3


def test_without_rules_nothing_goes_by_itself() -> None:
    assert not verdict(AutoTransferPolicy()).allowed
