"""The mail world outside: people's mail programs, servers that answer by themselves, and a relay of ours."""

from __future__ import annotations

import asyncio
import ssl
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime, make_msgid
from types import TracebackType
from typing import Any

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

from intake.clock import SteadyClock


async def send_mail(
    host: str,
    port: int,
    message: EmailMessage | bytes,
    *,
    sender: str,
    recipient: str,
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 10.0,
) -> str:
    """Send by SMTP, with STARTTLS if ``tls`` is given; returns the server's last word.

    Raises aiosmtplib's SMTPException with the code where the server refuses. An empty ``sender`` is
    the null sender of bounces.
    """
    client = aiosmtplib.SMTP(
        hostname=host,
        port=port,
        start_tls=tls is not None,
        tls_context=tls,
        timeout=timeout_s,
    )
    async with client:
        body = message if isinstance(message, bytes) else message.as_bytes(policy=policy.SMTP)
        _, words = await client.sendmail(sender, [recipient], body)
    return words


def letter(sender: str, recipient: str, subject: str, text: str, **headers: str) -> EmailMessage:
    """A plain mail as a person's program writes it; header names have ``_`` for ``-``."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Date"] = format_datetime(SteadyClock().now())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("> "))
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def out_of_office(sender: str, recipient: str) -> EmailMessage:
    """What a mailbox answers by itself (RFC 3834); answering it would start a loop."""
    return letter(sender, recipient, "Out of office", "I am away.", Auto_Submitted="auto-replied")


def list_mail(sender: str, recipient: str) -> EmailMessage:
    """A mailing list's copy (RFC 2919)."""
    return letter(sender, recipient, "[walkers] Sunday", "We meet at ten.", List_Id="<walkers.example.org>")


def bounce(of_message_id: str, to: str, recipient: str, *, action: str = "failed") -> bytes:
    """A delivery report (RFC 3464) that ``recipient`` could not be given our message; null sender."""
    lines = [
        "From: MAILER-DAEMON@mx.example.net",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Message-ID: {make_msgid(domain='mx.example.net')}",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "I could not deliver your message.",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.net",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        f"Action: {action}",
        "Status: 5.1.1",
        "--b",
        "Content-Type: text/rfc822-headers",
        "",
        f"Message-ID: {of_message_id}",
        f"To: {recipient}",
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()


def nested_bomb(sender: str, depth: int = 5_000) -> bytes:
    """Multiparts within multiparts: the standard library's parser answers with RecursionError."""
    head = f"From: {sender}\r\nSubject: help\r\nMessage-ID: {make_msgid(domain='example.com')}\r\n"
    opened = "".join(
        f'Content-Type: multipart/mixed; boundary="{level}"\r\n\r\n--{level}\r\n' for level in range(depth)
    )
    return f"{head}{opened}\r\nfire\r\n".encode()


def many_parts(sender: str, count: int = 20_000) -> bytes:
    """One mail of very many small parts."""
    head = f"From: {sender}\r\nSubject: help\r\nMessage-ID: {make_msgid(domain='example.com')}\r\n"
    part = "--b\r\nContent-Type: text/plain\r\n\r\nfire\r\n"
    return f'{head}Content-Type: multipart/mixed; boundary="b"\r\n\r\n{part * count}--b--\r\n'.encode()


class MailSink:
    """A relay that takes our replies to callers, or refuses them as it is told.

    ``received`` holds what came, oldest first. ``refuse_with`` is the answer to DATA instead of 250,
    as ``451 4.3.0 later`` or ``550 5.1.1 never``.
    """

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None):
        self.host, self.port = host, 0
        self.received: list[EmailMessage] = []
        self.refuse_with = ""
        self._tls = tls
        self._arrived = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> MailSink:
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            return SMTP(
                self, hostname="relay.example.net", tls_context=self._tls, enable_SMTPUTF8=True, loop=loop
            )

        self._server = await loop.create_server(protocol, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:
        if self.refuse_with:
            return self.refuse_with
        content = envelope.original_content or b""
        self.received.append(BytesParser(policy=policy.default).parsebytes(content))
        self._arrived.set()
        return "250 2.0.0 taken"

    async def next_mail(self, count: int, timeout_s: float = 10.0) -> EmailMessage:
        """The ``count``-th mail from the start, when it has come; TimeoutError if it does not."""
        async with asyncio.timeout(timeout_s):
            while len(self.received) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.received[count - 1]
