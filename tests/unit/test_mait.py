"""The format: whatever a caller wrote can be written, is valid, and reads back the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.control_room import RoomId, Service
from intake.errors import InvalidMait
from intake.incident import (
    Confirmation,
    Incident,
    IncidentId,
    IncidentMessage,
    Methane,
    TransferId,
    TransferKind,
    Verdict,
)
from intake.location import CallerLocation, LocationMethod, LocationSource, Whose
from intake.mait import (
    DOCUMENT_LIMIT_BYTES,
    read,
    read_confirmation_document,
    redirect,
    write,
    write_confirmation,
)
from intake.mait.legible import legible

NOW = datetime(2026, 3, 1, 21, 4, 5, 678901, tzinfo=UTC)
LEEDS = CallerLocation(
    latitude=53.7969,
    longitude=-1.5342,
    uncertainty_m=14.0,
    confidence_pct=67.0,
    method=LocationMethod.WIFI,
    source=LocationSource.AML,
    positioned_at=NOW - timedelta(seconds=18),
    clue="LS1 4AP",
)


def incident(**changes: Any) -> Incident:
    fields: dict[str, Any] = {
        "id": IncidentId("0195-incident"),
        "reference": "N-1042",
        "opened_at": NOW,
        "services": (Service.FIRE, Service.AMBULANCE),
        "channel": "sms",
        "caller": "tel:+447700900123",
        "language": "cy",
        "silent": True,
        "methane": Methane(
            major=True,
            exact_location="Flat 3, second floor",
            type_of_incident="House fire",
            hazards="gas",
            access="by the back lane",
            casualties=2,
            emergency_services="fire asked for",
        ),
        "location": LEEDS,
        "other_locations": (LEEDS,),
        "messages": (IncidentMessage(at=NOW, author="caller", text="tân! fire at LS1 4AP <& ]]>"),),
        "priority": 1,
    }
    return Incident(**(fields | changes))


def written(what: Incident, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "message_id": "0195-message",
        "kind": TransferKind.CREATION,
        "sequence": 1,
        "sent_at": NOW,
        "from_agency": "national-intake",
        "to_room": "west-yorkshire-fire",
        "services": (Service.FIRE,),
    }
    return write(what, **(fields | changes))


@pytest.mark.parametrize("kind", TransferKind)
def test_a_full_incident_reads_back_the_same(kind: TransferKind) -> None:
    document = written(
        incident(),
        kind=kind,
        sequence=7,
        on_behalf_of="a-buddy",
        uprn="100023336956",
        extensions={"x.y": "z <"},
    )
    message = read(document)
    assert message.incident == incident()
    assert (message.kind, message.sequence, message.message_id) == (kind, 7, "0195-message")
    assert (message.from_agency, message.to_room) == ("national-intake", "west-yorkshire-fire")
    assert (message.sent_at, message.services) == (NOW, (Service.FIRE,))
    assert (message.on_behalf_of, message.uprn, message.extensions) == (
        "a-buddy",
        "100023336956",
        {"x.y": "z <"},
    )
    assert message.grid_reference == "SE 3077 3349"


def test_the_creation_message_bears_its_public_name_and_a_timestamp() -> None:
    document = written(incident()).decode()
    assert "<IncidentCreationMessage " in document
    assert "<SentAt>2026-03-01T21:04:05.678901Z</SentAt>" in document


def test_an_incident_that_knows_nothing_can_be_handed_over() -> None:
    bare = incident(
        location=None, other_locations=(), messages=(), methane=Methane(), services=(), caller="", language=""
    )
    assert read(written(bare)).incident == bare


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.text(), author=st.text(max_size=40), place=st.text(max_size=60), reference=st.text(max_size=40)
)
def test_any_text_is_written_valid_and_read_back_as_its_legible_self(
    text: str, author: str, place: str, reference: str
) -> None:
    message = IncidentMessage(at=NOW, author=author, text=text)
    methane = Methane(exact_location=place)
    got = read(written(incident(messages=(message,), methane=methane, reference=reference))).incident
    assert got.messages == (IncidentMessage(at=NOW, author=legible(author), text=legible(text)),)
    assert got.methane.exact_location == legible(place)
    assert got.reference == legible(reference)


@given(text=st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"))))
def test_legal_text_is_not_touched(text: str) -> None:
    assert legible(text) == text


@given(text=st.text(), limit=st.integers(min_value=100, max_value=200))
def test_legible_is_idempotent_and_keeps_its_limit(text: str, limit: int) -> None:
    once = legible(text * 50, limit)
    assert legible(once, limit) == once
    assert len(once) <= limit


def test_what_xml_forbids_is_replaced_in_sight() -> None:
    assert legible("a\x00b\x1b\ud800\uffff\t\r\n") == "a␀b␛\ufffd\ufffd\t\r\n"


@settings(deadline=None, max_examples=100)
@given(
    latitude=st.floats(min_value=-90, max_value=90),
    longitude=st.floats(min_value=-180, max_value=180),
    radius=st.floats(min_value=0, max_value=1e6),
    confidence=st.floats(min_value=0, max_value=100),
)
def test_any_place_on_earth_is_written_and_read_back(
    latitude: float, longitude: float, radius: float, confidence: float
) -> None:
    place = CallerLocation(
        latitude=latitude, longitude=longitude, uncertainty_m=radius, confidence_pct=confidence
    )
    got = read(written(incident(location=place))).incident.location
    assert got is not None
    assert got.latitude == pytest.approx(latitude, abs=1e-7)
    assert got.longitude == pytest.approx(longitude, abs=1e-7)
    assert got.uncertainty_m == pytest.approx(radius, abs=0.06)
    assert got.confidence_pct == pytest.approx(confidence, abs=0.001)


def test_the_room_is_told_whose_place_it_is() -> None:
    fire, caller = (msgspec.structs.replace(LEEDS, whose=whose) for whose in (Whose.INCIDENT, Whose.CALLER))
    got = read(written(incident(location=fire, other_locations=(caller, LEEDS)))).incident
    assert (got.location, got.other_locations) == (fire, (caller, LEEDS))
    with pytest.raises(InvalidMait, match="Whose"):
        read(written(incident(location=fire)).replace(b"<Whose>incident<", b"<Whose>mine<"))


def test_a_conversation_too_long_keeps_its_beginning_and_its_end_and_says_so() -> None:
    messages = tuple(
        IncidentMessage(at=NOW, author="caller", text=f"{number} " + "&\r" * 10_000) for number in range(60)
    )
    others = (LEEDS,) * 500
    document = written(incident(messages=messages, other_locations=others))
    got = read(document)
    assert len(document) <= DOCUMENT_LIMIT_BYTES
    assert got.omitted_messages == 60 - len(got.incident.messages) > 0
    assert got.incident.messages[0] == messages[0]
    assert got.incident.messages[-1] == messages[-1]
    assert len(got.incident.other_locations) == 30


def test_the_fullest_document_there_can_be_is_within_the_limit() -> None:
    worst = "&" * 50_000
    methane = Methane(
        exact_location=worst, type_of_incident=worst, hazards=worst, access=worst, emergency_services=worst
    )
    place = CallerLocation(latitude=53.0, longitude=-1.0, uncertainty_m=5, clue=worst, note=worst)
    full = incident(
        methane=methane,
        other_locations=(place,) * 40,
        messages=(IncidentMessage(at=NOW, author=worst, text=worst),) * 40,
        caller=worst,
        reference=worst,
    )
    document = written(full)
    assert len(document) <= DOCUMENT_LIMIT_BYTES
    assert "characters cut]" in read(document).incident.methane.hazards


def test_a_buddy_gets_the_same_message_with_its_own_address() -> None:
    first = written(incident())
    second = redirect(
        first, to_room=RoomId("south-yorkshire-fire"), on_behalf_of=RoomId("west-yorkshire-fire")
    )
    again = redirect(second, to_room=RoomId("west-yorkshire-fire"), on_behalf_of=RoomId("humberside-fire"))
    assert read(second).incident == read(first).incident
    assert read(second).message_id == read(first).message_id
    assert (read(second).to_room, read(second).on_behalf_of) == (
        "south-yorkshire-fire",
        "west-yorkshire-fire",
    )
    assert (read(again).to_room, read(again).on_behalf_of) == ("west-yorkshire-fire", "humberside-fire")


@pytest.mark.parametrize(
    "confirmation",
    [
        Confirmation(transfer_id=TransferId("t"), room_id=RoomId("r"), verdict=Verdict.CONSIDERING),
        Confirmation(
            transfer_id=TransferId("t"), room_id=RoomId("r"), verdict=Verdict.ACCEPTED, reference="WYF-7 <"
        ),
        Confirmation(
            transfer_id=TransferId("t"),
            room_id=RoomId("r"),
            verdict=Verdict.REJECTED,
            reason="not ours & never",
        ),
    ],
    ids=lambda confirmation: confirmation.verdict.value,
)
def test_a_confirmation_reads_back_the_same(confirmation: Confirmation) -> None:
    document = write_confirmation(confirmation, confirmed_at=NOW, to_agency="national-intake")
    assert read_confirmation_document(document) == confirmation


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.REJECTED])
def test_an_acceptance_needs_a_reference_and_a_rejection_a_reason(verdict: Verdict) -> None:
    empty = Confirmation(transfer_id=TransferId("t"), room_id=RoomId("r"), verdict=verdict)
    with pytest.raises(InvalidMait):
        write_confirmation(empty, confirmed_at=NOW, to_agency="national-intake")


def test_neither_document_is_taken_for_the_other() -> None:
    said = Confirmation(transfer_id=TransferId("t"), room_id=RoomId("r"), verdict=Verdict.CONSIDERING)
    with pytest.raises(InvalidMait, match="not an incident message"):
        read(write_confirmation(said, confirmed_at=NOW, to_agency="national-intake"))
    with pytest.raises(InvalidMait, match="not a TransferConfirmation"):
        read_confirmation_document(written(incident()))


@pytest.mark.parametrize(
    "nonsense",
    [
        {"latitude": 999.0},
        {"longitude": float("nan")},
        {"uncertainty_m": -1.0},
        {"uncertainty_m": float("nan")},
    ],
    ids=str,
)
def test_a_nonsense_fix_does_not_keep_an_incident_from_its_room(nonsense: dict[str, float]) -> None:
    bad = msgspec.structs.replace(LEEDS, **nonsense)
    got = read(written(incident(location=bad, other_locations=(bad, LEEDS)))).incident
    assert got.location is None
    assert got.other_locations == (LEEDS,)
    assert read(written(incident(location=None, other_locations=(bad,)))).incident.other_locations == ()


@pytest.mark.parametrize("extreme", [float("inf"), float("-inf"), float("nan"), 1e30])
def test_extremes_beside_the_place_are_bounded_or_left_out(extreme: float) -> None:
    wide = msgspec.structs.replace(
        LEEDS, uncertainty_m=abs(extreme), altitude_m=extreme, confidence_pct=extreme
    )
    got = read(written(incident(location=wide))).incident.location
    assert got is None or (got.altitude_m is None and got.uncertainty_m <= 20_037_508)
