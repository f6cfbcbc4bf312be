"""Every key of AML does what the tables in the modules say: none is missing, none is dead."""

from __future__ import annotations

import re
from datetime import timedelta
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from channels.aml import data_sms, https_form, sms_text
from intake.contact import InboundMessage
from intake.simulate.aml_phone import AmlPhone, PhoneFix
from tests.payload_cases import ARRIVED, adapter_for, door_named, raw_of

ADAPTER = adapter_for("aml")
CALLED_AT = ARRIVED - timedelta(seconds=42)
PHONE = AmlPhone(number="+447700900123", imei="004999010640000")
FIX = PhoneFix(latitude=51.48570, longitude=-3.19280, radius_m=9, at=ARRIVED - timedelta(seconds=20))
ROW = re.compile(r"^``([a-z_]+)``\s+(\S.*)$", re.MULTILINE)

FULL_FORM = PHONE.form(
    CALLED_AT,
    FIX,
    thunderbird_version="2800",
    config_name="uk",
    location_altitude="61",
    location_altitude_msl="12",
    location_vertical_accuracy="2.5",
    location_vertical_accuracy_msl="4",
    location_certainty="83",
    location_floor="2",
    location_bearing="90",
    location_speed="3",
    location_wifi_scan="1",
    device_iccid="89440000000000000000",
    cell_id="77",
    adr_carcrash_time=str(int(CALLED_AT.timestamp() * 1_000)),
    gt_location_latitude="50",
    gt_location_longitude="-3",
)
OTHER = {
    "location_latitude": "52.1",
    "location_longitude": "-2.5",
    "location_source": "wifi",
    "location_confidence": "0.9",
    "device_number": "+447700900124",
    "device_imei": "004999010641111",
    "device_languages": "cy",
    "time": "1769879867000",
    "location_time": "1769879900000",
    "adr_carcrash_time": "1769879867000",
}
"""Another value that changes what the key means; for all others a figure will do."""


def tables(module: ModuleType) -> list[dict[str, str]]:
    """The tables of a module's documentation, each key with its meaning."""
    blocks = re.split(r"^=+ +=+$", module.__doc__ or "", flags=re.MULTILINE)
    return [dict(ROW.findall(block)) for block in blocks if ROW.search(block)]


def https(fields: dict[str, str]) -> InboundMessage:
    raw = raw_of("aml", {"door": "aml.https"}, urlencode(fields).encode())
    (message,) = door_named(ADAPTER, "aml.https").normalise(raw)
    assert isinstance(message, InboundMessage)
    return message


def sms(text: str) -> InboundMessage:
    body = urlencode({"from": "+447700900123", "text": text}).encode()
    (message,) = door_named(ADAPTER, "aml.sms").normalise(raw_of("aml", {"door": "aml.sms"}, body))
    assert isinstance(message, InboundMessage)
    return message


def meaning(message: InboundMessage) -> Any:
    """What the message says beside the fields as they came."""
    extra = {name: value for name, value in message.extra.items() if name != "aml"}
    return msgspec.to_builtins(msgspec.structs.replace(message, provider_id="", extra=extra))


def test_the_tables_name_each_key_of_the_formats() -> None:
    first, second = tables(sms_text)
    assert set(first) == set(sms_text.KEYS["1"]) and set(second) == set(sms_text.KEYS["2"])
    (form,) = tables(https_form)
    assert set(form) == {*FULL_FORM, "hmac"}
    (gateway,) = tables(data_sms)
    assert set(gateway) >= {"from", "text", "data", "udh", "ref", "part", "parts"}


def is_only_kept(meant: str) -> bool:
    return meant.startswith("kept") or ": kept" in meant


@pytest.mark.parametrize(("name", "meant"), tables(https_form)[0].items())
def test_each_field_of_the_form_does_what_the_table_says(name: str, meant: str) -> None:
    if name == "hmac":
        return  # test_aml.py holds signatures to account
    fields = dict(FULL_FORM)
    for stronger, weaker in (
        ("location_confidence", "location_certainty"),
        ("location_altitude", "location_altitude_msl"),
        ("location_altitude", "location_vertical_accuracy_msl"),
    ):
        if name == weaker:
            del fields[stronger]
    changed = {**fields, name: OTHER.get(name, "7")}
    assert https(changed).extra["aml"][name] == changed[name]
    same = meaning(https(fields)) == meaning(https(changed))
    assert same is is_only_kept(meant), f"{name}: {meant}"


HIGH = msgspec.structs.replace(FIX, altitude_m=5.0, altitude_accuracy_m=2.0)
TEXTS = {"1": PHONE.text_1(FIX, ARRIVED), "2": PHONE.text_2(CALLED_AT, HIGH)}
OTHERS = {
    "lt": {"1": "+52.5", "2": "3"},
    "lo": {"2": "52.5,-2.5,9"},
    "top": {"1": "20260131171700"},
    "et": {"2": "1769879860"},
    "pm": {"1": "W"},
    "ls": {"2": "C"},
    "lg": {"1": "-2.5", "2": "cy"},
    "ei": {"1": "004999010641111", "2": "004999010641111"},
    "ml": {"1": "7"},
    "lz": {"2": "6,3"},
}


@pytest.mark.parametrize("version", ["1", "2"])
def test_each_key_of_the_text_does_what_the_table_says(version: str) -> None:
    table = tables(sms_text)[int(version) - 1]
    for name, meant in table.items():
        value = OTHERS.get(name, {}).get(version, "7")
        changed = re.sub(rf";{name}=[^;]*", f";{name}={value}", TEXTS[version])
        assert changed != TEXTS[version], name
        if name != "ml" and version == "1":  # its length is right again
            changed = re.sub(r"ml=\d+$", f"ml={len(changed)}", changed)
        assert sms(changed).extra["aml"][name] == value
        same = meaning(sms(changed)) == meaning(sms(TEXTS[version]))
        assert same is is_only_kept(meant), f"version {version}, {name}: {meant}"


def test_a_dead_key_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a reader that forgets a field, or uses one that is only kept."""
    monkeypatch.setattr("channels.aml.fix.Fix._beside", lambda *_: [])
    with pytest.raises(AssertionError, match="location_floor"):
        test_each_field_of_the_form_does_what_the_table_says(
            "location_floor", tables(https_form)[0]["location_floor"]
        )
    with pytest.raises(AssertionError, match="cell_id"):
        test_each_field_of_the_form_does_what_the_table_says("cell_id", "names the caller")


def test_the_two_meanings_of_lt_and_lg_are_not_mixed_up() -> None:
    first, second = sms(TEXTS["1"]), sms(TEXTS["2"])
    assert first.language == "" and second.language == "en"
    assert first.locations[0].positioned_at == second.locations[0].positioned_at == FIX.at
    assert [one.locations[0].latitude for one in (first, second)] == [51.4857, 51.4857]
