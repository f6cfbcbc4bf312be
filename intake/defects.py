"""A parser's bug costs no contact: run it, and turn whatever it raises into a message to be seen (law 5)."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from intake.contact import CallerUri, InboundMessage, RawMessage
from intake.errors import MalformedMessage
from intake.ports import Normalised

log = structlog.get_logger()


def read_message(
    normalise: Callable[[RawMessage], Normalised], raw: RawMessage
) -> tuple[Normalised, str | None]:
    """``(messages, None)``, or one message that says the original is unreadable, and the reason."""
    try:
        return normalise(raw), None
    except MalformedMessage as error:
        return [_unreadable(raw, str(error), error)], str(error)
    except Exception as error:
        # Any bug of ours: the caller is not to pay for it.
        log.exception("parser_failed", channel=raw.channel, door=raw.door, raw_id=raw.id)
        reason = f"our parser failed ({type(error).__name__})"
        return [_unreadable(raw, reason, MalformedMessage(reason))], reason


def _unreadable(raw: RawMessage, reason: str, legible: MalformedMessage) -> InboundMessage:
    # Where nothing says who sent it, each arrival is a contact of its own: equal bytes are not
    # one caller (law 4). The raw id keeps a worker's second try from making a second message.
    return InboundMessage(
        channel=raw.channel,
        provider_id=legible.provider_id or f"raw:{raw.id}",
        caller=CallerUri(legible.caller or f"unknown:{raw.id}"),
        text=f"[unreadable message, original kept: {reason}]\n{legible.text}".strip(),
        reply_to=legible.reply_to,
    )
