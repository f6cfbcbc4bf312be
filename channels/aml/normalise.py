"""AML by HTTPS and by SMS as places of a caller. Pure; what is broken or partial is kept, and said."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from channels.aml import gsm7, sms_text
from channels.aml.fix import Findings, Fix
from channels.aml.telephone import caller_of
from intake.contact import CallerUri, ChannelKind, InboundMessage, MessageKind, RawMessage, clean_text
from intake.errors import MalformedMessage
from intake.location import CallerLocation, LocationMethod

KIND = ChannelKind("aml")
FIELD_LIMIT = 200
HTTPS_PREFIXES = ("location_", "device_", "cell_", "adr_")
HTTPS_NAMES = {"v", "emergency_number", "source", "thunderbird_version", "time"}
HTTPS_METHODS = {
    "gps": LocationMethod.GNSS,
    "wifi": LocationMethod.WIFI,
    "cell": LocationMethod.CELL,
    "fused": LocationMethod.FUSED,
}


def from_https(raw: RawMessage) -> tuple[InboundMessage, ...]:
    """A form as Android's Emergency Location Service posts it: every field is optional."""
    findings = Findings()
    fields = _form(raw.body, findings)
    signed = fields.pop("hmac", "") != ""
    if not any(name in HTTPS_NAMES or name.startswith(HTTPS_PREFIXES) for name in fields):
        raise MalformedMessage("no field of AML in the form")
    imei = fields.get("device_imei", "")
    caller = caller_of(fields.get("device_number", ""), f"imei:{imei}" if imei else _digest("", raw.body))
    place = None
    if any(name.startswith("location_") for name in fields):
        place = _https_fix(fields, findings).hypothesis(findings)
    language = fields.get("device_languages", "").split(",")[0].strip()
    sent_at = findings.moment_ms("time", fields.get("time"))
    if not signed:
        findings.problems.append("not signed")
    return (_message(caller, raw.body, fields, place, language, sent_at, findings),)


def from_sms(raw: RawMessage) -> tuple[InboundMessage, ...]:
    """An aggregator's form: ``from``, and ``text`` or ``data`` (hex, GSM 7-bit packed)."""
    findings = Findings()
    form = _form(raw.body, findings, limit=2_000)
    number = form.get("from", "")
    caller = caller_of(number, _digest("", raw.body))
    try:
        text = _text_of(form)
    except ValueError as error:
        raise MalformedMessage(f"data: {error}", caller=caller) from None
    if sms_text.start_of(text) is None:
        raise MalformedMessage("not an AML message", caller=caller, text=text)
    fields = sms_text.fields_of(text, findings)
    if caller.startswith("unknown:") and fields.get("ei"):
        caller = caller_of(number, f"imei:{fields['ei']}")
    fix = sms_text.fix_of(fields, findings)
    place = fix.hypothesis(findings) if fix else None
    second = "lo" in fields or fields.get("ml_version") == "2"
    called_at = sms_text.called_at_of(fields, Findings()) if second else None
    language = fields.get("lg", "") if second else ""
    # The payload is the phone's text: a webhook repeated with another timestamp is one place.
    return (_message(caller, text.encode("utf-8", "replace"), fields, place, language, called_at, findings),)


def _text_of(form: dict[str, str]) -> str:
    if "data" not in form:
        return form.get("text", "")
    octets = bytes.fromhex(form["data"])
    text = gsm7.unpack(octets)
    # Some aggregators unpack the septets themselves and still call it data.
    return clean_text(octets.decode("latin-1")) if sms_text.start_of(text) is None else text


def _form(body: bytes, findings: Findings, limit: int = FIELD_LIMIT) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
    except ValueError as error:
        raise MalformedMessage(f"not a form: {error}") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        name = clean_text(name, 80)
        if name in fields:
            findings.problems.append(f"{name} twice: {clean_text(value, 40)!r}")
        else:
            fields[name] = clean_text(value, limit)
    return fields


def _https_fix(fields: dict[str, str], findings: Findings) -> Fix:
    def number(name: str) -> float | None:
        return findings.number(f"location_{name}", fields.get(f"location_{name}"))

    confidence, certainty_pct = number("confidence"), number("certainty")
    if confidence is not None and confidence <= 1:
        confidence = round(confidence * 100, 6)
    return Fix(
        latitude=number("latitude"),
        longitude=number("longitude"),
        radius_m=number("accuracy"),
        confidence_pct=certainty_pct if confidence is None else confidence,
        method=HTTPS_METHODS.get(fields.get("location_source", "").lower(), LocationMethod.UNKNOWN),
        positioned_at=findings.moment_ms("location_time", fields.get("location_time")),
        altitude_m=number("altitude"),
    )


def _message(
    caller: CallerUri,
    payload: bytes,
    fields: dict[str, str],
    place: CallerLocation | None,
    language: str,
    sent_at: datetime | None,
    findings: Findings,
) -> InboundMessage:
    extra: dict[str, Any] = {"aml": fields}
    if findings.problems:
        extra["problems"] = [clean_text(problem, 200) for problem in findings.problems[:20]]
    return InboundMessage(
        channel=KIND,
        provider_id=_digest(caller, payload),
        caller=caller,
        kind=MessageKind.PLACE,
        sent_at=sent_at,
        language=clean_text(language, 35),
        locations=(place,) if place else (),
        extra=extra,
    )


def _digest(caller: str, payload: bytes) -> str:
    return "sha256:" + hashlib.sha256(caller.encode("utf-8", "replace") + b"\n" + payload).hexdigest()
