"""The AML channel: recorded payloads, both versions, broken ones, numbers, signatures."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import check, make_adapter
from channels.aml.gsm7 import unpack
from intake.contact import InboundMessage, MessageKind
from intake.errors import Forged, MalformedMessage
from intake.ports import ChannelContext
from intake.simulate.aml_phone import pack, pack_first_bit_high
from tests.payload_cases import ARRIVED, adapter_for, cases, door_named, hold, raw_of

ADAPTER = adapter_for("aml")
CONTEXT = ChannelContext(public_url="", new_id=lambda: "id", now=lambda: ARRIVED)
WHOLE = (
    'A"ML=1;lt=+51.53321;lg=-0.12601;rd=14;top=20220131171748;lc=68;pm=W;'
    "si=234159000000000;ei=123456789012345;mcc=234;mnc=15;ml=127"
)


def by_sms(text: str = "", number: str = "+447700900123", **form: str) -> InboundMessage:
    body = urlencode({"from": number, **({"text": text} if text else {}), **form}).encode()
    (message,) = door_named(ADAPTER, "aml.sms").normalise(raw_of("aml", {"door": "aml.sms"}, body))
    assert isinstance(message, InboundMessage)
    return message


def by_https(**form: str) -> InboundMessage:
    raw = raw_of("aml", {"door": "aml.https"}, urlencode(form).encode())
    (message,) = door_named(ADAPTER, "aml.https").normalise(raw)
    assert isinstance(message, InboundMessage)
    return message


@pytest.mark.parametrize("case", cases("aml"))
def test_recorded_payloads(case: dict[str, Any]) -> None:
    hold("aml", ADAPTER, case)


def test_there_are_enough_payloads_each_with_its_provenance() -> None:
    assert len(cases("aml")) >= 40
    assert all(case.values[0]["provenance"] for case in cases("aml"))


def test_a_68_per_cent_radius_grows_by_the_two_dimensional_factor() -> None:
    (place,) = by_sms(WHOLE).locations
    assert place.radius_m() == pytest.approx(14 * 1.6504, rel=1e-4)


@pytest.mark.parametrize("length", range(1, 17))
def test_septets_survive_packing_whatever_the_length(length: int) -> None:
    text = WHOLE[:length]
    assert unpack(pack(text)) == text
    assert unpack(pack_first_bit_high(text), first_bit_high=True) == text


def test_the_extension_table_and_an_escape_that_leads_nowhere() -> None:
    text = "^{}\\[~]|€\f and plain"
    assert unpack(pack(text)) == text
    assert unpack(pack("ab") + b"\x00") == "ab"
    assert unpack(bytes([0x1B])) == "" and unpack(bytes([0x9B, 0x20])) == "A"  # ESC A: no such extension


def test_a_seventh_octet_may_hold_a_padding_septet_and_only_that_is_dropped() -> None:
    seven = "abcdefg"  # 49 bits in 56
    octets = sum(ord(one) << 7 * place for place, one in enumerate(seven)).to_bytes(7, "little")
    assert unpack(octets) == seven  # NUL, not @
    assert unpack(pack(seven)) == seven  # CR, as 23.038 asks
    assert unpack(pack("abcdef\r")) == "abcdef\r"  # a CR of its own, its padding after it
    assert unpack(pack("abc\r")) == "abc\r"  # where nothing had to be filled


def test_septets_as_the_specification_packs_them() -> None:
    # 3GPP TS 23.038 §6.1.2.1.1 packing of "hellohello", a vector printed in many places.
    assert unpack(bytes.fromhex("E8329BFD4697D9EC37")) == "hellohello"


def test_a_port_header_of_seven_octets_before_the_septets_is_passed_over() -> None:
    header = bytes.fromhex("06050442684268")
    assert by_sms(data=(header + pack(WHOLE)).hex()).locations[0].latitude == 51.53321


@pytest.mark.parametrize("start", ['A"ML', "A”ML", "A&quot;ML", "AML", 'a"ml', '\nxx A"ML'])
def test_quotation_marks_that_carriers_change_cost_no_place(start: str) -> None:
    assert by_sms(WHOLE.replace('A"ML', start)).locations[0].longitude == -0.12601


@pytest.mark.parametrize("keep", range(len(WHOLE)))
def test_a_message_cut_anywhere_gives_the_true_place_or_none(keep: int) -> None:
    try:
        message = by_sms(WHOLE[:keep])
    except MalformedMessage as error:
        assert keep < 5
        assert error.caller == "tel:+447700900123"
        return
    assert message.kind is MessageKind.PLACE
    for place in message.locations:
        assert (place.latitude, place.longitude) == (51.53321, -0.12601)
        assert place.uncertainty_m in (14, 1000)  # 1 of 14 m would be too sure
    if keep < len(WHOLE):
        assert message.locations or message.extra["problems"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ("lt=+51.53321|lt=nan", "lt is not a number"),
        ("lt=+51.53321|lt=1_0", "lt is not a number"),
        ("lt=+51.53321|lt=91", "off the globe"),
        ("lt=+51.53321|lt=9e9", "lt is not a number"),
        ("top=20220131171748|top=20221331171748", "top is not yyyyMMddHHmmss"),
        ("rd=14|rd=-14", "1000 m assumed"),
        ("rd=14|rd=99999999999", "1000 m assumed"),
        ("lc=68|lc=0", "68 % assumed"),
        ("lc=68|lc=130", "68 % assumed"),
        ("pm=W|pm", "not a pair"),
        ("pm=W|pm=W;pm=G", "pm twice"),
        ("ML=1|ML=7", "version '7' is not known"),
        ("ml=127|ml=126", "ml says 126"),
    ],
)
def test_what_is_broken_is_said_and_the_rest_is_kept(changed: str, problem: str) -> None:
    old, new = changed.split("|")
    message = by_sms(WHOLE.replace(old, new))
    assert problem in " / ".join(message.extra["problems"])
    assert message.extra["aml"]["ei"] == "123456789012345"


def test_nothing_is_wrong_with_a_whole_message() -> None:
    assert "problems" not in by_sms(WHOLE).extra


def test_no_place_is_not_zero_degrees() -> None:
    assert by_sms('A"ML=2;en=999;et=1593187189;lt=0;lg=en').locations == ()
    assert by_https(v="3", device_number="+447700900123").locations == ()


@pytest.mark.parametrize(
    ("confidence", "pct"),
    [
        ({"location_confidence": "0.95"}, 95),
        ({"location_confidence": "68.27"}, 68.27),
        ({"location_certainty": "68"}, 68),
        ({"location_confidence": "0.9", "location_certainty": "68"}, 90),
        ({}, 68),
    ],
)
def test_confidence_is_a_fraction_or_per_cent(confidence: dict[str, str], pct: float) -> None:
    place = by_https(
        location_latitude="50", location_longitude="-5", location_accuracy="9", **confidence
    ).locations[0]
    assert place.confidence_pct == pytest.approx(pct)


def test_the_same_fix_again_is_the_same_and_another_caller_is_not() -> None:
    assert by_sms(WHOLE, at="1").provider_id == by_sms(WHOLE, at="2").provider_id
    assert by_sms(WHOLE).provider_id != by_sms(WHOLE, number="+447700900124").provider_id


def test_keys_rotate_and_signatures_can_be_required() -> None:
    body = b"v=3&time=1"

    def signed(key: str) -> bytes:
        return body + b"&hmac=" + hmac.new(key.encode(), body, "sha1").hexdigest().upper().encode()

    keys = {"hmac_key": "the-new-key-of-the-phones", "previous_hmac_key": "the-old-key-of-the-phones"}
    door = door_named(make_adapter("aml", keys, CONTEXT), "aml.https")
    for key in keys.values():
        assert door.authenticate(raw_of("aml", {"door": "aml.https"}, signed(key))) == "signed"
    for forged in (body, signed("a-third-key-of-somebody"), body + b"&hmac=", b"&hmac=", b""):
        with pytest.raises(Forged):
            door.authenticate(raw_of("aml", {"door": "aml.https"}, forged))
    lenient = door_named(make_adapter("aml", {**keys, "require_hmac": False}, CONTEXT), "aml.https")
    assert lenient.authenticate(raw_of("aml", {"door": "aml.https"}, body)) == "anonymous"
    with pytest.raises(Forged):
        lenient.authenticate(raw_of("aml", {"door": "aml.https"}, signed("a-third-key-of-somebody")))
    # Without a key there is nothing to hold a signature against: all is kept, nothing is proven.
    without = door_named(make_adapter("aml", {}, CONTEXT), "aml.https")
    assert without.authenticate(raw_of("aml", {"door": "aml.https"}, signed("any"))) == "anonymous"


def test_without_a_token_there_is_no_sms_door() -> None:
    assert [door.name for door in make_adapter("aml", {}, CONTEXT).doors()] == ["aml.https"]


def test_settings_are_checked() -> None:
    assert check("aml", {}) == []
    assert len(check("aml", {"hmac_key": "short", "sms_token": "short", "body_limit_bytes": 1, "x": 1})) == 4
    assert "hmac_key" in check("aml", {"previous_hmac_key": "0123456789abcdef"})[0]


@given(st.binary(max_size=300) | st.text(max_size=150).map(lambda text: f'from=1&text=A"ML={text}'.encode()))
def test_any_bytes_are_a_place_or_a_defect(body: bytes) -> None:
    for name in ("aml.https", "aml.sms"):
        try:
            door_named(ADAPTER, name).normalise(raw_of("aml", {"door": name}, body))
        except MalformedMessage as error:
            assert str(error)
            assert error.provider_id is None


fields = st.sampled_from(["lt", "lg", "rd", "top", "lc", "pm", "ml", "lo", "et", "lz", "ls"])
values = st.sampled_from(["N", "", "-0", "1e9", "9" * 30, "nan", "1,2,3", ",,", "+51.5"]) | st.text(
    max_size=9
)


@given(st.sampled_from("123"), st.lists(st.tuples(fields, values), max_size=8))
def test_any_pairs_are_a_place(version: str, pairs: list[tuple[str, str]]) -> None:
    text = ";".join([f'A"ML={version}', *(f"{name}={value}" for name, value in pairs)])
    assert by_sms(text).kind is MessageKind.PLACE
