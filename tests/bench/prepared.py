"""The prepared requests: every message has an id of its own, and every text is signed as Twilio signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from urllib.parse import urlencode

AUTH_TOKEN = "bench-auth-token-0123456789abcdef"
ACCOUNT = "AC" + "0" * 32
OUR_NUMBER = "+447700900000"


def hello(count: int) -> list[bytes]:
    """The app's bodies at the yardstick's path."""
    return [_post("/hello", "application/json", _app_body()) for _ in range(count)]


def app(count: int) -> list[bytes]:
    return [_post("/app/v1/contacts", "application/json", _app_body()) for _ in range(count)]


def sms(count: int, public_url: str) -> list[bytes]:
    return [_sms(public_url, number) for number in range(count)]


def mail(count: int) -> list[bytes]:
    return [
        b"From: Sam <sam%d@example.com>\r\nTo: 999@intake.example.org\r\nSubject: Neighbour\r\n"
        b"Message-ID: <%s@example.com>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nMy neighbour at EX1 1AA has not been seen for days."
        % (number, uuid.uuid4().hex.encode())
        for number in range(count)
    ]


def _app_body() -> bytes:
    return b'{"id":"%s","text":"Fire at LS1 4AP, two people upstairs"}' % str(uuid.uuid4()).encode()


def _sms(public_url: str, number: int) -> bytes:
    form = {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "Body": "Fire at LS1 4AP, two people upstairs",
        "From": f"+4477009{number % 1000:05d}",
        "FromCountry": "GB",
        "MessageSid": f"SM{uuid.uuid4().hex}",
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "To": OUR_NUMBER,
    }
    url = f"{public_url}/sms/messages"
    signed = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(AUTH_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
    signature = base64.b64encode(digest).decode()
    return _post(
        "/sms/messages",
        "application/x-www-form-urlencoded",
        urlencode(form).encode(),
        f"X-Twilio-Signature: {signature}\r\n",
    )


def _post(path: str, content_type: str, body: bytes, more: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"{more}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
