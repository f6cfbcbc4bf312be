"""One contact of your own, through the real door of a running demo, by the provider's own protocol."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import aiosmtplib
import msgspec
import phonenumbers
from aiohttp import ClientError, ClientResponseError

from intake.clock import SteadyClock
from intake.console.terminal.client import ConsoleClient
from intake.console.views.contact import ContactAnswer, QueueRow
from intake.demo.connection import Connection
from intake.errors import IntakeError
from intake.location import STATED_CONFIDENCE_PCT, scale_radius_m
from intake.simulate.aml_phone import AmlPhone, PhoneFix
from intake.simulate.outside import Outside
from intake.simulate.telegram_api import Person

READ_S = 8.0
LOOK_S = 0.15
_ADDRESS = re.compile(r"[^\s<>@,;:]+@[^\s<>@,;:]+")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. ``sender`` empty: somebody new. ``place`` is latitude, longitude, radius in metres.

    ``imei`` and ``via`` (https, sms, data) are for a phone's own fix; a sender "withheld" has no number.
    """

    channel: str
    text: str = ""
    imei: str = ""
    via: str = "https"
    sender: str = ""
    service: str = ""
    place: tuple[float, float, float] | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What the door answered, and the caller's URI as the intake will know it."""

    answers: tuple[str, ...]
    caller: str


class NotSent(IntakeError):
    """A mistaken request, or a door that did not take it; the text says which."""

    code = "not_sent"


async def send(connection: Connection, words: Words) -> Sent:
    """Raises NotSent."""
    clock = SteadyClock()
    by_channel = {"sms": _sms, "app": _app, "telegram": _telegram, "email": _email, "aml": _aml}
    act: Callable[[Outside, Words], Awaitable[Sent]] = by_channel[words.channel]
    first_update_id = int(clock.now().timestamp() * 1_000)  # no number the demo's own Telegram has used
    async with Outside(connection.doors, clock.now, first_update_id=first_update_id) as outside:
        try:
            return await act(outside, words)
        except ClientResponseError as error:
            raise NotSent(f"the door answered {error.status} {error.message}") from error
        except aiosmtplib.SMTPResponseException as error:
            raise NotSent(f"the door answered {error.code} {error.message}") from error
        except (ClientError, aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise NotSent(
                f"the door cannot be reached ({type(error).__name__}): is the demo running?"
            ) from error


async def _sms(outside: Outside, words: Words) -> Sent:
    number = _number(words.sender)
    delivery = await outside.twilio.text(number, words.text, to=outside.doors.number)
    answers = [f"POST {url} → {status or 'no answer'}" for url, status in delivery.tries]
    if not delivery.taken or delivery.tries[-1][1] >= 400:
        raise NotSent("; ".join(answers))
    if words.place:
        # A text carries no position; a phone that writes to 999 posts its own beside it (AML).
        status = await outside.phone_fix(number, *_as_a_phone_states_it(words.place))
        answers.append(f"POST {outside.doors.http_url}/aml/https → {status}")
    return Sent(answers=tuple(answers), caller=f"tel:{number}")


async def _aml(outside: Outside, words: Words) -> Sent:
    if words.place is None:
        raise NotSent("a phone's own fix is its place: give --lat and --lon")
    latitude, longitude, radius_m = _as_a_phone_states_it(words.place)
    number = "" if words.sender == "withheld" else _number(words.sender)
    fix = PhoneFix(latitude=latitude, longitude=longitude, radius_m=radius_m, at=outside.now())
    status = await outside.phone_says_where(AmlPhone(number=number, imei=words.imei), fix, words.via)
    path = "/aml/https" if words.via == "https" else "/aml/sms"
    answer = f"POST {outside.doors.http_url}{path} → {status}"
    if status >= 400:
        raise NotSent(answer)
    return Sent(answers=(answer,), caller=f"tel:{number}")


def _as_a_phone_states_it(place: tuple[float, float, float]) -> tuple[float, float, float]:
    """AML phones state a 68 % radius."""
    return place[0], place[1], scale_radius_m(place[2], STATED_CONFIDENCE_PCT, 68.0)


async def _app(outside: Outside, words: Words) -> Sent:
    fields: dict[str, Any] = {"service": words.service} if words.service else {}
    if words.sender:
        fields["telephone"] = _number(words.sender)
    if words.place:
        latitude, longitude, radius_m = words.place
        fields["location"] = {
            "latitude": latitude,
            "longitude": longitude,
            "accuracy_m": radius_m,
            "confidence_pct": 95,
        }
    app = outside.app()
    answer = await app.open(words.text, **fields)
    said = f"POST {outside.doors.http_url}/app/v1/contacts → {answer['status']}, receipt {answer['receipt']}"
    return Sent(answers=(said,), caller=f"app:{app.contact}")


async def _telegram(outside: Outside, words: Words) -> Sent:
    if words.sender and not words.sender.isdecimal():
        raise NotSent("--from: a Telegram user is a number, as 900123")
    person = Person(id=int(words.sender or 10_000_000 + _chance(89_999_999)), first_name="You")
    deliveries = [await outside.telegram.text(person, words.text)]
    if words.place:
        latitude, longitude, radius_m = words.place
        # The Bot API's horizontal_accuracy ends at 1,500 m.
        accuracy_m = min(1_500.0, radius_m)
        deliveries.append(await outside.telegram.location(person, latitude, longitude, accuracy_m=accuracy_m))
    answers = tuple(f"POST {outside.telegram.webhook['url']} → {one.tries[-1]}" for one in deliveries)
    if not all(one.taken for one in deliveries):
        raise NotSent("; ".join(answers))
    return Sent(answers=answers, caller=f"tg:{person.id}")


async def _email(outside: Outside, words: Words) -> Sent:
    sender = words.sender or f"caller-{_chance(99_999):05d}@example.com"
    if not _ADDRESS.fullmatch(sender):
        raise NotSent(f"--from: {sender!r} is no mail address")
    said = await outside.mail(sender, "Message to 999", words.text)
    answer = f"SMTP {outside.doors.smtp_host}:{outside.doors.smtp_port} STARTTLS → {said}"
    return Sent(answers=(answer,), caller=f"mailto:{sender.lower()}")


def _number(given: str) -> str:
    """E.164; somebody new is one of Ofcom's numbers for drama."""
    try:
        number = phonenumbers.parse(given or f"07700 900{_chance(999):03d}", "GB")
    except phonenumbers.NumberParseException:
        raise NotSent(f"--from: {given!r} is no telephone number, as 07700 900123") from None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _chance(most: int) -> int:
    return random.randint(0, most)  # noqa: S311 - a made-up caller, no secret


async def what_became(
    console: ConsoleClient, caller: str, *, since: datetime, needs_place: bool, within_s: float = READ_S
) -> ContactAnswer | None:
    """The caller's contact once the intake has read it; None when it has not within eight seconds."""
    found: QueueRow | None = None
    try:
        async with asyncio.timeout(within_s):
            while not found or not found.priority_rule or (needs_place and not found.place):
                await asyncio.sleep(LOOK_S)
                found = await _find(console, caller, since) or found
    except TimeoutError:
        pass
    return await console.show(found.id) if found else None


async def _find(console: ConsoleClient, caller: str, since: datetime) -> QueueRow | None:
    channel = {"tel": "sms", "app": "app", "tg": "telegram", "mailto": "email"}[caller.partition(":")[0]]
    after: str | None = ""
    while after is not None:
        page = await console.queue(channel=channel, limit=100, after=after)
        for row in page.rows:
            if row.caller == caller and row.last_message_at >= since:
                return row
        after = page.next
    return None
