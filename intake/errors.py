"""The few ways things go wrong, each with a stable code and whether trying again can help."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class IntakeError(Exception):
    """Base of every error this project raises on purpose."""

    code: ClassVar[str] = "intake_error"
    retryable: ClassVar[bool] = False


class Forged(IntakeError):
    """The sender could not prove who it is: refused (403 / 550), counted, alarmed (law 6)."""

    code = "forged"


class MalformedMessage(IntakeError):
    """The bytes are authentic but cannot be read; the raw message is kept and shown (law 5).

    ``caller``, ``provider_id``, ``text`` and ``reply_to`` carry whatever could still be made out.
    """

    code = "malformed"

    def __init__(
        self,
        reason: str,
        *,
        caller: str | None = None,
        provider_id: str | None = None,
        text: str = "",
        reply_to: str = "",
    ):
        super().__init__(reason)
        self.caller = caller
        self.provider_id = provider_id
        self.text = text
        self.reply_to = reply_to


class StoreUnavailable(IntakeError):
    """Nothing could be committed: the doors answer 503 / 451 and the sender tries again."""

    code = "store_unavailable"
    retryable = True


class StaleClaim(IntakeError):
    """The fence moved: somebody else has this work now."""

    code = "stale_claim"


class NotFound(IntakeError):
    """There is no such contact, message, transfer or room."""

    code = "not_found"


class Refused(IntakeError):
    """The request is understood and not allowed in the present state; the text says why."""

    code = "refused"


class ReplyFailed(IntakeError):
    """A provider did not take a reply. ``permanent`` says that repeating it cannot help."""

    code = "reply_failed"

    def __init__(self, reason: str, *, permanent: bool = False, provider_code: str | None = None):
        super().__init__(reason)
        self.permanent = permanent
        self.provider_code = provider_code


class MediaTrouble(StrEnum):
    """Why an attachment cannot be had. Only the first may pass by itself."""

    UNREACHABLE = "unreachable"
    GONE = "gone"
    TOO_LARGE = "too_large"
    NOT_UNDERSTOOD = "not_understood"
    NOT_OURS = "not_ours"
    NO_ACCESS = "no_access"


class MediaFailed(IntakeError):
    """An attachment was not fetched or cannot be shown; the text holds no address and no secret."""

    code = "media_failed"

    def __init__(self, trouble: MediaTrouble, reason: str):
        super().__init__(reason)
        self.trouble = trouble


class FeedFailed(IntakeError):
    """A control room's feed gave no usable confirmation; a time-out means *unknown*, never *no*."""

    code = "feed_failed"
    retryable = True


class LookupFailed(IntakeError):
    """A geocoder gave no usable answer. ``reason`` is one of a few plain words, never what was asked.

    ``permanent`` says that these words will never be answered; otherwise ``retry_after_s`` is the least wait.
    """

    code = "lookup_failed"
    retryable = True

    def __init__(self, reason: str, *, permanent: bool = False, retry_after_s: float = 0.0):
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after_s = retry_after_s


class InvalidMait(IntakeError):
    """Not a document of the provisional MAIT profile; every problem is listed in ``problems``."""

    code = "invalid_mait"

    def __init__(self, problems: list[str]):
        super().__init__("; ".join(problems))
        self.problems = problems


class BadConfiguration(IntakeError):
    """Configuration that must not replace good configuration; ``problems`` lists every error (law 18)."""

    code = "bad_configuration"

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems
