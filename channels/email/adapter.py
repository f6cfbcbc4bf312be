"""The email channel: a door for each mailbox, and replies that thread in the caller's mail program."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import aiosmtplib
import msgspec
from msgspec import Meta

from channels.email.addresses import read_mailto
from channels.email.automatic import KIND
from channels.email.normalise import MESSAGE_ID, MailReader
from channels.email.parts import read_part
from intake.contact import MediaReference, RawMessage, Reply, Trust, clean_text
from intake.errors import BadConfiguration, MediaFailed, MediaTrouble, ReplyFailed
from intake.ports import ChannelContext, Door, SmtpDoor
from intake.settings_table import read_table

Address = Annotated[str, Meta(pattern=r"^[^\s<>@,;:]+@[^\s<>@,;:]+$", max_length=254)]
_PREFIXES = re.compile(r"^(?:(?:re|ateb)\s*:\s*|999\s+)+", re.IGNORECASE)
START_TLS = {"auto": None, "always": True, "never": False}


class EmailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``[channels.email]``. ``relay_start_tls``: ``auto`` takes TLS where offered, ``always`` insists.

    ``relay_ca_file`` names the certificates to trust instead of the system's.
    """

    mailboxes: Annotated[tuple[Address, ...], Meta(min_length=1)]
    from_address: Address | Literal[""] = ""
    body_limit_bytes: Annotated[int, Meta(ge=65_536, le=104_857_600)] = 20_971_520
    relay_host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    relay_port: Annotated[int, Meta(ge=1, le=65_535)] = 25
    relay_start_tls: Literal["auto", "always", "never"] = "auto"
    relay_username: str = ""
    relay_password: str = ""
    relay_ca_file: str = ""
    relay_timeout_s: Annotated[float, Meta(gt=0, le=300)] = 20.0


class EmailAdapter:
    """Anybody may write: SPF, DKIM and DMARC results are shown to the handler and drop nothing."""

    kind = KIND

    def __init__(self, settings: EmailSettings, context: ChannelContext):
        self._settings = settings
        self._context = context
        self._from = settings.from_address or settings.mailboxes[0]
        self._domain = self._from.rpartition("@")[2]
        self._reader = MailReader(settings.mailboxes, self._domain)
        self._tls = (
            ssl.create_default_context(cafile=settings.relay_ca_file) if settings.relay_ca_file else None
        )

    def doors(self) -> Sequence[Door]:
        return [
            SmtpDoor(
                name=f"email.{number}",
                mailbox=mailbox,
                body_limit_bytes=self._settings.body_limit_bytes,
                authenticate=anybody,
                normalise=self._reader.normalise,
            )
            for number, mailbox in enumerate(self._settings.mailboxes, 1)
        ]

    async def reply(self, reply: Reply) -> str:
        """Hand the reply to the relay; returns its Message-ID, which is the same on every attempt."""
        message, recipient = self._written(reply)
        settings = self._settings
        try:
            await aiosmtplib.send(
                message,
                sender=self._from,
                recipients=[recipient],
                hostname=settings.relay_host,
                port=settings.relay_port,
                start_tls=START_TLS[settings.relay_start_tls],
                username=settings.relay_username or None,
                password=settings.relay_password or None,
                tls_context=self._tls,
                timeout=settings.relay_timeout_s,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise failure_of(error) from error
        return str(message["Message-ID"])

    async def sweep(self, since: datetime) -> AsyncIterator[RawMessage]:
        """A sender's server keeps what we did not take and tries again by itself."""
        return
        yield

    async def fetch(self, media: MediaReference, raw_body: bytes, limit_bytes: int) -> bytes:
        """Ports.MediaSource: the part is in the mail that we keep; nobody is asked."""
        try:
            _, content = await asyncio.to_thread(read_part, raw_body, media.reference)
        except LookupError:
            raise MediaFailed(MediaTrouble.GONE, "the mail has no such part") from None
        if len(content) > limit_bytes:
            raise MediaFailed(MediaTrouble.TOO_LARGE, f"it is larger than {limit_bytes / 1_000_000:.0f} MB")
        return content

    async def close(self) -> None:
        """Each reply has a connection of its own."""

    def _written(self, reply: Reply) -> tuple[EmailMessage, str]:
        address, subject, to_machine = read_mailto(reply.reply_to)
        if not address:
            raise ReplyFailed("no address an answer could be sent to", permanent=True)
        if reply.automatic and to_machine:
            # RFC 3834 §2: no automatic response to an automatic message, a list or a bounce.
            raise ReplyFailed("an automatic reply is not sent to an automatic message", permanent=True)
        message = EmailMessage(policy=SMTP_POLICY)
        try:
            message["From"] = self._from
            message["To"] = address
            # On one line: a line break would end the header, and lose the answer.
            message["Subject"] = " ".join(f"Re: 999 {_PREFIXES.sub('', subject)}".split())
            message["Date"] = format_datetime(self._context.now())
            message["Message-ID"] = f"<reply.{reply.id}@{self._domain}>"
            if answered := MESSAGE_ID.search(reply.in_reply_to):
                message["In-Reply-To"] = message["References"] = answered.group()
            if reply.automatic:
                message["Auto-Submitted"] = "auto-replied"
            message.set_content(clean_text(reply.text))
        except (ValueError, MessageError, IndexError) as error:
            raise ReplyFailed(f"the reply cannot be written as mail: {error}", permanent=True) from error
        return message, address


def failure_of(error: Exception) -> ReplyFailed:
    """5xx about this mail is final; 4xx, a broken line or trouble with the relay itself is not."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException):
        about_us = isinstance(
            error,
            aiosmtplib.SMTPAuthenticationError
            | aiosmtplib.SMTPHeloError
            | aiosmtplib.SMTPConnectResponseError,
        )
        permanent = 500 <= error.code < 600 and not about_us
        return ReplyFailed(
            f"the relay answered {error.code}", permanent=permanent, provider_code=str(error.code)
        )
    return ReplyFailed(f"no answer from the relay ({type(error).__name__})")


def anybody(raw: RawMessage) -> Trust:
    return Trust.ANONYMOUS


def make_adapter(table: Mapping[str, Any], context: ChannelContext) -> EmailAdapter:
    return EmailAdapter(read_table(table, EmailSettings, "channels.email"), context)


def check(table: Mapping[str, Any]) -> list[str]:
    try:
        settings = read_table(table, EmailSettings, "channels.email")
    except BadConfiguration as error:
        return error.problems
    problems = []
    if len({mailbox.lower() for mailbox in settings.mailboxes}) < len(settings.mailboxes):
        problems.append("channels.email.mailboxes: the same mailbox twice")
    if settings.relay_ca_file and not Path(settings.relay_ca_file).is_file():
        problems.append("channels.email.relay_ca_file: there is no such file")
    if settings.relay_password and settings.relay_start_tls != "always":
        problems.append("channels.email.relay_start_tls: must be 'always' where a password is sent")
    return problems
