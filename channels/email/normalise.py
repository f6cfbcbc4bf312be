"""A mail as a message: who wrote, what, and what is attached; each read as far as it can be. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

from channels.email import automatic, parts
from channels.email.addresses import decoded, first_address, mailto
from channels.email.html_text import text_of_html
from channels.email.parts import Part, Parts, quietly, raw_header, raw_headers
from intake.contact import CallerUri, InboundMessage, MediaReference, RawMessage, clean_text
from intake.errors import MalformedMessage
from intake.ports import Normalised

MESSAGE_ID = re.compile(r"<[^<>\s]{1,500}>")
_MEDIA = {"image", "audio", "video"}


class MailReader:
    """Reads what came to ``mailboxes``; ``domain`` is that of our replies' message ids."""

    def __init__(self, mailboxes: tuple[str, ...], domain: str):
        self._mailboxes = mailboxes
        self._domain = domain

    def normalise(self, raw: RawMessage) -> Normalised:
        """One message, and a delivery report where it is a bounce of ours; raises MalformedMessage."""
        headers, _ = parts.read_headers(raw.body, 0, len(raw.body), parts.HEADER_LIMIT_BYTES)
        provider_id = _provider_id(raw, headers)
        sender = first_address(raw_header(headers, "From")) or first_address(raw.envelope_from)
        caller = CallerUri(mailto(sender.lower()) if sender else f"unknown:email:{raw.id}")
        try:
            split = parts.split(raw.body)
            subject = decoded(raw_header(headers, "Subject"))
            text = _text(raw.body, subject, split)
        except Exception as error:
            # The email package raises nearly anything: the caller and the id are worth more than which.
            reason = f"not readable as mail ({type(error).__name__})"
            raise MalformedMessage(reason, caller=caller, provider_id=provider_id) from error
        machine = automatic.reason(headers, sender, raw.envelope_from, self._mailboxes)
        reply_to = self._reply_to(headers, sender, raw.envelope_from, subject, machine)
        if split.trouble:
            raise MalformedMessage(
                split.trouble, caller=caller, provider_id=provider_id, text=text, reply_to=reply_to
            )
        report = automatic.delivery_report(raw.body, headers, split.parts, self._domain)
        message = InboundMessage(
            channel=automatic.KIND,
            provider_id=provider_id,
            caller=caller,
            text=text,
            sent_at=_date(raw_header(headers, "Date")),
            reply_to=reply_to,
            language=clean_text(raw_header(headers, "Content-Language").split(",")[0].strip(), 35),
            attachments=tuple(_reference(raw.body, part) for part in split.parts if _is_attached(part)),
            automatic=machine != "",
            extra=_extra(raw, headers, subject, machine),
        )
        return (message, report) if report else (message,)

    def _reply_to(self, headers: Message, sender: str, envelope_from: str, subject: str, machine: str) -> str:
        if automatic.unanswerable(headers, sender, envelope_from, self._mailboxes):
            return ""
        address = first_address(raw_header(headers, "Reply-To")) or sender
        if not address or address.lower() in {mailbox.lower() for mailbox in self._mailboxes}:
            return ""
        return mailto(address, subject, automatic=machine != "")


def _provider_id(raw: RawMessage, headers: Message) -> str:
    """Message-ID; else the hash of a dated mail; else the arrival itself.

    A device that dates nothing sends the same bytes for each new alarm: they are not one (law 4).
    """
    if found := MESSAGE_ID.search(raw_header(headers, "Message-ID")):
        return clean_text(found.group())
    if raw_header(headers, "Date"):
        return f"sha256:{hashlib.sha256(raw.body).hexdigest()}"
    return f"raw:{raw.id}"


def _text(body: bytes, subject: str, split: Parts) -> str:
    """Subject, then each part meant to be read; of alternatives the plain one, if it says anything."""
    words: list[tuple[Part, str]] = []
    plain: set[int] = set()
    for part in split.parts:
        if part.content_type == "message/rfc822":
            inner, _ = parts.read_headers(body, part.start, part.end, parts.HEADER_LIMIT_BYTES)
            words.append((part, f"[attached message: {decoded(raw_header(inner, 'Subject'), 200)}]"))
        elif part.content_type == "text/plain" and not _is_attached(part):
            said = parts.text(body, part).replace("\r\n", "\n").strip()
            words.append((part, said))
            if said and part.choice:
                plain.add(part.choice)
    for part in split.parts:
        if part.content_type == "text/html" and not _is_attached(part) and part.choice not in plain:
            words.append((part, text_of_html(parts.text(body, part))))
    said_in_order = [said for part, said in sorted(words, key=lambda one: one[0].number) if said]
    return clean_text("\n\n".join(filter(None, [subject, *said_in_order])))


def _is_attached(part: Part) -> bool:
    if part.content_type not in ("text/plain", "text/html"):
        return True
    return quietly(part.headers.get_content_disposition, None) == "attachment"


def _reference(body: bytes, part: Part) -> MediaReference:
    main = part.content_type.partition("/")[0]
    name = quietly(part.headers.get_filename, None) or ""
    return MediaReference(
        kind=main if main in _MEDIA else "message" if main == "message" else "file",
        reference=f"part:{part.number}",
        content_type=clean_text(part.content_type, 100),
        name=decoded(name, 200),
        size_bytes=parts.size_bytes(body, part),
    )


def _date(header: str) -> datetime | None:
    """When the sender's side says it was sent; None, never now, if that cannot be read."""
    stated = quietly(lambda: parsedate_to_datetime(header[:200]), None)
    if stated is None:
        return None
    # "-0000" says UTC with no knowledge of the sender's zone (RFC 5322 §3.3).
    return quietly(lambda: (stated if stated.tzinfo else stated.replace(tzinfo=UTC)).astimezone(UTC), None)


def _extra(raw: RawMessage, headers: Message, subject: str, machine: str) -> dict[str, Any]:
    """What a handler may want to see. Authentication results are evidence, never a reason to drop."""
    extra: dict[str, Any] = {"subject": subject}
    for key, name in (("from", "From"), ("to", "To"), ("cc", "Cc"), ("in_reply_to", "In-Reply-To")):
        if value := decoded(raw_header(headers, name)):
            extra[key] = value
    for key, name in (("authentication_results", "Authentication-Results"), ("received_spf", "Received-SPF")):
        if values := [clean_text(value, 1_000) for value in raw_headers(headers, name)[:5]]:
            extra[key] = values
    if raw.envelope_from:
        extra["envelope_from"] = clean_text(raw.envelope_from, 320)
    if machine:
        extra["automatic"] = machine
    return extra
