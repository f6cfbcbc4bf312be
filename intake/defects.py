"""A parser's bug costs no contact: run it, and turn whatever it raises into a message to be seen (law 5)."""

from __future__ import annotations

import hashlib
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
        return [_unreadable(raw, str(error), error.caller, error.provider_id)], str(error)
    except Exception as error:
        # Any bug of ours: the caller is not to pay for it.
        log.exception("parser_failed", channel=raw.channel, door=raw.door, raw_id=raw.id)
        reason = f"our parser failed ({type(error).__name__})"
        return [_unreadable(raw, reason, None, None)], reason


def _unreadable(raw: RawMessage, reason: str, caller: str | None, provider_id: str | None) -> InboundMessage:
    # Without an id of the provider's, the bytes are the id: a re-sent message folds into the first.
    digest = hashlib.sha256(raw.body).hexdigest()[:32]
    return InboundMessage(
        channel=raw.channel,
        provider_id=provider_id or f"raw:{raw.door}:{digest}",
        caller=CallerUri(caller or f"unknown:{raw.channel}:{digest}"),
        text=f"[unreadable message, original kept: {reason}]",
    )
