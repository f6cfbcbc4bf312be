"""Tells mail that machines write from mail that people write (RFC 3834 §2, §3.1.7), with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message

from channels.email.parts import Part, content, quietly, raw_header
from intake.contact import ChannelKind, DeliveryReport, DeliveryState

KIND = ChannelKind("email")
MACHINES = {"mailer-daemon", "postmaster"}
_STATES = {"failed": DeliveryState.FAILED, "delivered": DeliveryState.DELIVERED}
_STATES["relayed"] = DeliveryState.SENT


def reason(headers: Message, sender: str, envelope_from: str, mailboxes: Iterable[str]) -> str:
    """Why this is taken for a machine's; empty for a person's."""
    submitted = raw_header(headers, "Auto-Submitted").lower()
    if submitted and not submitted.startswith("no"):
        return f"Auto-Submitted: {submitted[:60]}"
    precedence = raw_header(headers, "Precedence").lower()
    if precedence in ("bulk", "list", "junk", "auto_reply"):
        return f"Precedence: {precedence}"
    for name in ("List-Id", "List-Unsubscribe", "List-Post"):
        if raw_header(headers, name):
            return f"mailing list ({name})"
    for name in ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "X-Auto-Reply"):
        if raw_header(headers, name):
            return name
    return unanswerable(headers, sender, envelope_from, mailboxes)


def unanswerable(headers: Message, sender: str, envelope_from: str, mailboxes: Iterable[str]) -> str:
    """Why no answer at all may be sent, not even a handler's: it would bounce or come back to us."""
    if quietly(headers.get_content_type, "") == "multipart/report":
        return "a delivery report (multipart/report)"
    if envelope_from in ("", "<>"):
        return "no return address (null sender)"
    if sender.partition("@")[0].lower() in MACHINES:
        return f"from {sender.partition('@')[0].lower()}"
    if sender.lower() in {mailbox.lower() for mailbox in mailboxes}:
        return "from one of our own mailboxes"
    return ""


def delivery_report(body: bytes, headers: Message, parts: list[Part], domain: str) -> DeliveryReport | None:
    """What a bounce (RFC 3464) says of one of our replies; None if it is not about ours."""
    if quietly(headers.get_content_type, "") != "multipart/report":
        return None
    status = next((part for part in parts if part.content_type == "message/delivery-status"), None)
    ours = re.search(rb"<reply\.[0-9A-Za-z-]{1,64}@" + re.escape(domain.encode()) + rb">", body[-200_000:])
    if status is None or ours is None:
        return None
    fields = content(body, status, 16_384).decode("ascii", "replace")
    action = re.search(r"^Action:[ \t]*(\w+)", fields, re.IGNORECASE | re.MULTILINE)
    code = re.search(r"^Status:[ \t]*([\d.]+)", fields, re.IGNORECASE | re.MULTILINE)
    state = _STATES.get(action.group(1).lower()) if action else None
    if state is None:  # "delayed" is no result yet
        return None
    return DeliveryReport(
        channel=KIND,
        provider_ref=ours.group().decode(),
        state=state,
        provider_code=code.group(1) if code else "",
    )
