"""The SMTP door: aiosmtpd in our own event loop; 250 only after the commit, 451 on any trouble of ours."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from intake import metrics
from intake.contact import ChannelKind, RawMessage, RawMessageId
from intake.doors.mail_data import read_mail
from intake.doors.way_in import WayIn
from intake.errors import Forged, StoreUnavailable
from intake.ports import ChannelAdapter, SmtpDoor

log = structlog.get_logger()

TRY_AGAIN = "451 4.3.0 We could not keep your message. Please try again. If it is urgent call or text 999."
TOO_LARGE = "552 5.3.4 More than {} bytes: send less."
BLOCK_BYTES = 64 * 1024


class PatientSmtp(SMTP):
    """aiosmtpd's protocol, with mail read in blocks and a session bounded in time.

    Its own DATA answers a permanent 500 to lines over a limit, and makes an object of every line: mail
    of empty lines held up the event loop for over a second and took eighty times its size in memory.
    """

    line_length_limit = BLOCK_BYTES

    def __init__(self, *args: Any, session_limit_s: float, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._session_limit_s = session_limit_s
        self._session_end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # A drip of a byte a second resets the idle timer for ever: the session itself must end too.
        self._session_end = asyncio.get_running_loop().call_later(self._session_limit_s, transport.close)

    def data_received(self, data: bytes) -> None:
        self._reset_timeout()
        super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._session_end:
            self._session_end.cancel()
        super().connection_lost(error)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        envelope, limit_bytes = self.envelope, self.data_size_limit
        assert envelope is not None and limit_bytes  # noqa: S101 - both are set where a session begins
        if not envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        envelope.original_content = await read_mail(self._reader, limit_bytes)
        try:
            status = await self.event_handler.handle_DATA(self, self.session, envelope)
        finally:
            self.envelope = self._create_envelope()
        await self.push(status)


class SmtpDoors:
    """aiosmtpd's handler: unknown mailboxes are refused at RCPT, nothing is refused after the commit."""

    def __init__(self, adapters: Iterable[ChannelAdapter], way_in: WayIn):
        self._way_in = way_in
        self._doors: dict[str, tuple[ChannelKind, SmtpDoor, metrics.DoorCounts]] = {
            door.mailbox.casefold(): (adapter.kind, door, metrics.door(adapter.kind, door.name))
            for adapter in adapters
            for door in adapter.doors()
            if isinstance(door, SmtpDoor)
        }

    def __bool__(self) -> bool:
        return bool(self._doors)

    @property
    def body_limit_bytes(self) -> int:
        return max(door.body_limit_bytes for _, door, _ in self._doors.values())

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.casefold() not in self._doors:
            return "550 5.1.1 No such mailbox here. If it is urgent call or text 999."
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        arrived = self._way_in.clock.now()
        body = envelope.original_content
        try:
            for mailbox in sorted({address.casefold() for address in envelope.rcpt_tos}):
                kind, door, counts = self._doors[mailbox]
                if body is None or len(body) > door.body_limit_bytes:
                    counts.oversize.inc()
                    return TOO_LARGE.format(door.body_limit_bytes)
                raw = RawMessage(
                    id=RawMessageId(self._way_in.new_id()),
                    channel=kind,
                    door=door.name,
                    received_at=arrived,
                    body=body,
                    headers={},
                    target=mailbox,
                    peer=str(session.peer[0]) if session.peer else "",
                    envelope_from=envelope.mail_from or "",
                )
                await self._way_in.admit(raw, door, counts)
        except Forged:
            return "550 5.7.1 Not authentic."
        except StoreUnavailable:
            return TRY_AGAIN
        return "250 2.0.0 Kept."

    async def handle_exception(self, error: Exception) -> str:
        # aiosmtpd's own answer is a permanent 500 with the exception's text: that loses the mail.
        log.exception("smtp_door_failed", error=type(error).__name__)
        return TRY_AGAIN


async def open_smtp(
    doors: SmtpDoors,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None,
    hostname: str,
    idle_timeout_s: float,
    session_limit_s: float,
) -> asyncio.Server:
    """Listen for mail on this event loop."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return PatientSmtp(
            doors,
            data_size_limit=doors.body_limit_bytes,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname=hostname,
            ident="National Intake prototype",
            tls_context=tls,
            timeout=idle_timeout_s,
            session_limit_s=session_limit_s,
            loop=loop,
        )

    return await loop.create_server(protocol, host, port)
