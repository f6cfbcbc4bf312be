"""AML by HTTPS and by SMS as places of a caller. Pure; what is broken or partial is kept, and said.

``extra`` of the message: ``aml`` the fields as they came, ``device`` the device they name, ``problems``
in words, ``crashed_at`` when the phone felt a crash, ``part`` and ``text`` of a text that came in parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from channels.aml import https_form, sms_text
from channels.aml.data_sms import Part, Unreadable, part_from, text_and_part
from channels.aml.fix import Findings
from channels.aml.telephone import caller_of
from intake.contact import CallerUri, ChannelKind, InboundMessage, MessageKind, RawMessage, clean_text
from intake.errors import MalformedMessage
from intake.location import CallerLocation
from intake.phone import device_uri, number_uri

KIND = ChannelKind("aml")
FIELD_LIMIT, TEXT_LIMIT, DATA_LIMIT = 200, 2_000, 8_000


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What either form of AML says beside the caller's number."""

    fields: Mapping[str, str]
    imei: str = ""
    place: CallerLocation | None = None
    language: str = ""
    sent_at: datetime | None = None
    crashed_at: datetime | None = None


def from_https(raw: RawMessage) -> tuple[InboundMessage, ...]:
    """A form as Android's Emergency Location Service posts it: every field is optional."""
    findings = Findings(raw.received_at)
    fields = _form(raw.body, findings)
    signed = fields.pop("hmac", "") != ""
    if not https_form.is_of_aml(fields):
        raise MalformedMessage("no field of AML in the form")
    fix = https_form.fix_of(fields, findings)
    read = Read(
        fields=fields,
        imei=fields.get("device_imei", ""),
        place=fix.hypothesis(findings) if fix else None,
        language=fields.get("device_languages", "").split(",")[0].strip(),
        sent_at=findings.moment_ms("time", fields.get("time")),
        crashed_at=https_form.crashed_at_of(fields, findings),
    )
    if not signed:
        findings.problems.append("not signed")
    return (_message(fields.get("device_number", ""), raw.body, read, findings),)


def from_sms(raw: RawMessage) -> tuple[InboundMessage, ...]:
    """A gateway's form of one SMS (`channels.aml.data_sms`)."""
    findings = Findings(raw.received_at)
    form = _form(raw.body, findings, long_names={"text": TEXT_LIMIT, "data": DATA_LIMIT})
    number = form.get("from", "")
    caller = CallerUri(number_uri(number)) or None
    try:
        text, part = text_and_part(form)
    except Unreadable as error:
        raise MalformedMessage(str(error), caller=caller, text=error.text) from None
    if sms_text.start_of(text) is not None:
        return (_from_text(number, text, part, findings),)
    if sms_text.tail_of(text) is not None or (part and part.number > 1):
        return (_from_tail(number, text, part, findings),)
    raise MalformedMessage("not an AML message", caller=caller, text=text)


def whole_of(parts: Sequence[InboundMessage], arrived_at: datetime) -> InboundMessage | None:
    """The AML text that parts of one caller make, if they are all there and clearly belong together.

    By the sender's reference where there is one; else two parts are one text only if ``ml``, the length
    of the whole, says so.
    """
    numbered = [(part_from(one.extra.get("part")), str(one.extra.get("text", ""))) for one in parts]
    pieces = {part.number: text for part, text in sorted(numbered, key=_number_of) if part}
    stated = {part.of for part, _ in numbered if part}
    if len(parts) < 2 or len(stated) != 1 or set(pieces) != set(range(1, stated.pop() + 1)):
        return None
    findings = Findings(arrived_at)
    number = parts[0].caller
    message = _from_text(number, "".join(pieces.values()), None, findings)
    has_ref = all(part and part.ref for part, _ in numbered)
    mismatch = any(problem.startswith("ml says") for problem in findings.problems)
    return message if has_ref or (message.extra["aml"].get("ml") and not mismatch) else None


def _number_of(numbered: tuple[Part | None, str]) -> int:
    return numbered[0].number if numbered[0] else 0


def _from_text(number: str, text: str, part: Part | None, findings: Findings) -> InboundMessage:
    fields = sms_text.fields_of(text, findings)
    fix = sms_text.fix_of(fields, findings)
    second = sms_text.is_second(fields)
    read = Read(
        fields=fields,
        imei="" if fields.cut == "ei" else fields.get("ei", ""),
        place=fix.hypothesis(findings) if fix else None,
        language=fields.get("lg", "") if second else "",
        sent_at=sms_text.called_at_of(fields, Findings(findings.arrived_at)) if second else None,
    )
    # The payload is the phone's text: a webhook repeated with another timestamp is one place.
    message = _message(number, text.encode("utf-8", "replace"), read, findings)
    # Version 1 ends with its length: without it, a second text may bring the rest.
    if part is None and (second or "ml" in fields):
        return message
    return _with_part(message, part or Part(ref="", number=1, of=2), text[sms_text.start_of(text) or 0 :])


def _from_tail(number: str, text: str, part: Part | None, findings: Findings) -> InboundMessage:
    """The second part of a text: by itself no place, but perhaps the device it came from."""
    tail = sms_text.tail_of(text) or text
    fields = sms_text.fields_of(";" + tail, Findings(findings.arrived_at))
    findings.problems.append("the later part of an AML text: no place by itself")
    read = Read(fields=fields, imei="" if fields.cut == "ei" else fields.get("ei", ""))
    message = _message(number, text.encode("utf-8", "replace"), read, findings)
    return _with_part(message, part or Part(ref="", number=2, of=2), tail)


def _with_part(message: InboundMessage, part: Part, text: str) -> InboundMessage:
    extra = {**message.extra, "part": msgspec.to_builtins(part), "text": text[:TEXT_LIMIT]}
    return msgspec.structs.replace(message, extra=extra)


def _form(body: bytes, findings: Findings, long_names: Mapping[str, int] | None = None) -> dict[str, str]:
    """Names in lower case without spaces around them; bytes that are no UTF-8 are shown as U+FFFD."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
    except ValueError as error:
        raise MalformedMessage(f"not a form: {error}") from None
    fields: dict[str, str] = {}
    for written, value in pairs:
        name = clean_text(written.strip().lower(), 80)
        if name in fields:
            findings.remark(f"{name} twice: {clean_text(value, 40)!r}")
        else:
            limit = (long_names or {}).get(name, FIELD_LIMIT)
            fields[name] = clean_text(value, limit)
    if any("\ufffd" in value for value in fields.values()):
        findings.problems.append("not all of it is UTF-8")
    return fields


def _message(number: str, payload: bytes, read: Read, findings: Findings) -> InboundMessage:
    caller = caller_of(number, read.imei, _digest("", payload))
    extra: dict[str, Any] = {"aml": dict(read.fields)}
    if device := device_uri(read.imei):
        extra["device"] = device
    if read.crashed_at:
        extra["crashed_at"] = read.crashed_at.isoformat()
    if findings.problems:
        extra["problems"] = [clean_text(problem, 200) for problem in findings.problems[:20]]
    return InboundMessage(
        channel=KIND,
        provider_id=_digest(caller, payload),
        caller=caller,
        kind=MessageKind.PLACE,
        sent_at=read.sent_at,
        language=clean_text(read.language, 35),
        locations=(read.place,) if read.place else (),
        extra=extra,
    )


def _digest(caller: str, payload: bytes) -> str:
    return "sha256:" + hashlib.sha256(caller.encode("utf-8", "replace") + b"\n" + payload).hexdigest()
