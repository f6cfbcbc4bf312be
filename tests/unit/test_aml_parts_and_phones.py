"""Texts in parts, the ways a data SMS is passed on, whose phone it is, and the simulated phone read back."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.aml.data_sms import elements_of
from channels.aml.normalise import whole_of
from channels.aml.telephone import caller_of
from intake.contact import CallerUri, InboundMessage, MessageKind
from intake.errors import MalformedMessage
from intake.phone import device_uri, number_uri
from intake.simulate.aml_phone import (
    LETTERS,
    AmlPhone,
    PhoneFix,
    pack,
    pack_first_bit_high,
    part_header,
    port_header,
    signed,
)
from tests.payload_cases import ARRIVED, adapter_for, door_named, raw_of

ADAPTER = adapter_for("aml")
CALLED_AT = ARRIVED - timedelta(seconds=42)
PHONE = AmlPhone(number="+447700900123", imei="004999010640000")
FIX = PhoneFix(latitude=51.48570, longitude=-3.19280, radius_m=9, at=ARRIVED - timedelta(seconds=20))
WHOLE = PHONE.text_1(FIX, ARRIVED)


def by_sms(number: str = "+447700900123", **form: str) -> InboundMessage:
    body = urlencode({"from": number, **form}).encode()
    (message,) = door_named(ADAPTER, "aml.sms").normalise(raw_of("aml", {"door": "aml.sms"}, body))
    assert isinstance(message, InboundMessage)
    return message


def place(message: InboundMessage | None) -> tuple[float, float, float]:
    assert message is not None
    (found,) = message.locations
    return found.latitude, found.longitude, found.uncertainty_m


# -- whose phone -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("+447700900123", "tel:+447700900123"),
        ("447700900123", "tel:+447700900123"),
        ("00447700900123", "tel:+447700900123"),
        ("07700 900 123", "tel:+447700900123"),
        ("+44 (0)7700 900123", "tel:+447700900123"),
        ("tel:+44-7700-900123", "tel:+447700900123"),
        ("(01632) 960 001", "tel:+441632960001"),
        ("33123456789", "tel:+33123456789"),
        *((nobody, "") for nobody in ("", "EXAMPLE", "anonymous", "999", "112", "960001", "0000000000")),
        *((withheld, "") for withheld in ("+266696687", "266696687", "+7378742833", "+86282452253")),
        ("\0" * 500, ""),
        ("+" + "4" * 400, ""),
    ],
)
def test_numbers_as_they_are_written(written: str, uri: str) -> None:
    assert number_uri(written) == uri


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("004999010640000", "imei:00499901064000"),
        ("00499901-064000-0", "imei:00499901064000"),
        ("00499901064000", "imei:00499901064000"),
        ("0049990106400012", "imei:00499901064000"),  # with its software version
        *((nobody, "") for nobody in ("", "0049990106400", "00499901064000012", "1" * 15, "٠" * 15)),
        ("004999010000000", ""),  # the type alone: thousands share it
        ("000000000000000", ""),
    ],
)
def test_devices_as_they_are_written(written: str, uri: str) -> None:
    assert device_uri(written) == uri


def test_who_withholds_the_number_is_known_by_the_device_or_not_at_all() -> None:
    assert caller_of("anonymous", "004999010640000", "x") == "unknown:aml:imei:00499901064000"
    assert caller_of("anonymous", "004999010000000", "sha256:1") == "unknown:aml:sha256:1"
    one, other = (by_sms("anonymous", text=WHOLE.replace("064000", serial)) for serial in ("000000",) * 2)
    assert one.caller == other.caller  # the same bytes are the same message, and no more than that
    assert by_sms("anonymous", text=WHOLE.replace("064000", "000000") + ";x=1").caller != one.caller


def test_words_from_withheld_numbers_are_not_made_one_caller() -> None:
    for number in ("anonymous", "EXAMPLE", "+266696687", ""):
        with pytest.raises(MalformedMessage) as caught:
            by_sms(number, text="help")
        assert caught.value.caller is None, number


# -- parts -------------------------------------------------------------------------------------------


def joined(*parts: InboundMessage) -> InboundMessage | None:
    return whole_of(parts, ARRIVED)


@pytest.mark.parametrize("cut", range(6, len(WHOLE)))
def test_two_texts_cut_anywhere_make_the_true_place_with_a_reference_between_them(cut: int) -> None:
    head = by_sms(text=WHOLE[:cut], ref="7", part="1", parts="2")
    tail = by_sms(text=WHOLE[cut:], ref="7", part="2", parts="2")
    assert place(joined(head, tail)) == place(joined(tail, head)) == (51.4857, -3.1928, 9.0)
    assert tail.locations == ()
    for found in head.locations:
        assert (found.latitude, found.longitude) == (51.4857, -3.1928)


def test_without_a_reference_the_length_of_the_whole_must_prove_it() -> None:
    cut = WHOLE.index("lg=") + 5
    head, tail = by_sms(text=WHOLE[:cut]), by_sms(text=WHOLE[cut:])
    assert head.locations == ()
    assert place(joined(head, tail)) == (51.4857, -3.1928, 9.0)
    # Another text's tail does not fit: 120 characters said, others came.
    other = by_sms(text=WHOLE[cut + 1 :])
    assert joined(head, other) is None
    assert joined(head, head) is None and joined(tail, tail) is None and joined(head) is None


def test_three_parts_and_one_missing() -> None:
    texts = (WHOLE[:30], WHOLE[30:70], WHOLE[70:])
    parts = [by_sms(text=text, ref="9", part=str(n), parts="3") for n, text in enumerate(texts, 1)]
    assert place(joined(*reversed(parts))) == (51.4857, -3.1928, 9.0)
    assert joined(parts[0], parts[2]) is None


def test_a_text_put_together_by_the_gateway_needs_nothing() -> None:
    assert place(by_sms(text=WHOLE)) == (51.4857, -3.1928, 9.0)
    assert "part" not in by_sms(text=WHOLE).extra


def test_a_persons_words_are_no_tail() -> None:
    for words in ("help me", "a;b=c", "lt=5", "x;lt=5 please"):
        with pytest.raises(MalformedMessage):
            by_sms(text=words)


def test_part_numbers_that_cannot_be_are_none() -> None:
    for part, parts in (("0", "2"), ("3", "2"), ("1", "1"), ("x", "2"), ("1", "9999")):
        assert "part" not in by_sms(text=WHOLE, ref="1", part=part, parts=parts).extra


# -- data SMS ----------------------------------------------------------------------------------------

PACKINGS = {
    "lowest bit first": pack(WHOLE),
    "highest bit first": pack_first_bit_high(WHOLE),
    "8-bit": WHOLE.encode(),
    "UCS-2": WHOLE.encode("utf-16-be"),
    "UCS-2, low octet first": WHOLE.encode("utf-16-le"),
    "with NULs behind": pack(WHOLE) + bytes(20),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("header", [b"", port_header(), part_header(3, 1, 2)])
@pytest.mark.parametrize("write", ["hex", "HEX", "spaced", "base64", "base64url", "unescaped"])
def test_every_way_to_pass_on_a_data_sms(packing: str, header: bytes, write: str) -> None:
    octets = header + PACKINGS[packing]
    written = {
        "hex": octets.hex(),
        "HEX": octets.hex().upper(),
        "spaced": octets.hex(" "),
        "base64": base64.b64encode(octets).decode(),
        "base64url": base64.urlsafe_b64encode(octets).decode().rstrip("="),
        "unescaped": base64.b64encode(octets).decode().replace("+", " "),
    }[write]
    assert place(by_sms(data=written)) == (51.4857, -3.1928, 9.0)


def test_what_is_no_header_is_not_read_as_one() -> None:
    assert elements_of(port_header() + b"x") == {5: bytes.fromhex("10921092")}
    for octets in (b"", b"\x00", b"\x06\x05", b"\x05\x00\x09abc", pack(WHOLE), WHOLE.encode()):
        assert elements_of(octets) is None


# -- the simulated phone, read back --------------------------------------------------------------------

fixes = st.builds(
    PhoneFix,
    latitude=st.floats(49.8, 60.9).map(lambda value: round(value, 5)),
    longitude=st.floats(-8.2, 1.8).map(lambda value: round(value, 5)),
    radius_m=st.integers(1, 20_000).map(float),
    at=st.integers(-3_600, 0).map(lambda seconds: CALLED_AT + timedelta(seconds=seconds)),
    confidence_pct=st.integers(1, 99).map(float),
    source=st.sampled_from(sorted(LETTERS)),
)


@given(fixes)
def test_what_a_phone_says_is_what_is_read(fix: PhoneFix) -> None:
    https = signed(PHONE.form(CALLED_AT, fix), "")
    raw = raw_of("aml", {"door": "aml.https"}, https)
    messages = [
        *door_named(ADAPTER, "aml.https").normalise(raw),
        by_sms(text=PHONE.text_1(fix, ARRIVED)),
        by_sms(text=PHONE.text_2(CALLED_AT, fix)),
        by_sms(data=pack(PHONE.text_1(fix, ARRIVED)).hex()),
        by_sms(data=(port_header() + pack(PHONE.text_2(CALLED_AT, fix))).hex()),
    ]
    for message in messages:
        assert isinstance(message, InboundMessage)
        assert message.caller == "tel:+447700900123" and message.extra["device"] == "imei:00499901064000"
        (found,) = message.locations
        assert (found.latitude, found.longitude) == (fix.latitude, fix.longitude)
        assert found.uncertainty_m == fix.radius_m and found.confidence_pct == pytest.approx(
            fix.confidence_pct
        )
        assert found.positioned_at == fix.at
    methods = {one.locations[0].method for one in messages if isinstance(one, InboundMessage)}
    assert len(methods) == 1


# -- nothing makes it raise ----------------------------------------------------------------------------

SEEDS = [WHOLE, PHONE.text_2(CALLED_AT, FIX), "&".join(PHONE.form(CALLED_AT, FIX)), WHOLE[40:]]
text = st.sampled_from(SEEDS) | st.text(max_size=200)


@st.composite
def broken(draw: Any) -> bytes:
    """A true text or any other, with pieces taken out, doubled and put elsewhere, in some encoding."""
    words = draw(text)
    for _ in range(draw(st.integers(0, 4))):
        at, to = sorted(draw(st.tuples(st.integers(0, len(words)), st.integers(0, len(words)))))
        words = (
            words[:at]
            + draw(st.sampled_from(["", words[at:to] * 2, ";", "=", "&", "%", "\0", "\ud800"]))
            + words[to:]
        )
    octets: bytes = words.encode("utf-8", "surrogatepass")
    name = draw(st.sampled_from(["text", "data", "data_raw", "from", "udh", "part", "device_imei"]))
    if name == "data":
        octets = draw(st.sampled_from([octets.hex().encode(), base64.b64encode(octets)]))
    name = name.removesuffix("_raw")
    value: bytes = octets if draw(st.booleans()) else quote_from_bytes(octets).encode()
    return b"".join([b"from=07700900123&", name.encode(), b"=", value])


@given(broken() | st.binary(max_size=400))
def test_no_body_is_too_broken(body: bytes) -> None:
    for name in ("aml.https", "aml.sms"):
        raw = raw_of("aml", {"door": name}, body)
        try:
            (message,) = door_named(ADAPTER, name).normalise(raw)
        except MalformedMessage as error:
            assert str(error) and "\0" not in error.text
            assert error.caller in (None, "tel:+447700900123")
            continue
        assert isinstance(message, InboundMessage) and message.kind is MessageKind.PLACE
        for found in message.locations:
            assert -90 <= found.latitude <= 90 and -180 <= found.longitude <= 180
            assert 0 < found.uncertainty_m <= 20_037_508 and 0 < found.confidence_pct <= 100


def test_a_caller_is_a_uri() -> None:
    assert CallerUri(by_sms(text=WHOLE).caller).startswith("tel:+")
