"""What comes after the evening: callers one by one, for whoever works the console by hand."""

from __future__ import annotations

import asyncio

import msgspec

from intake.simulate.outside import Outside
from intake.simulate.pictures import house_on_fire

FIRST_AFTER_S, EVERY_S = 3.0, 25.0


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """One caller: by text from ``phone``, with a picture if ``sees``, or by the app where that is empty."""

    words: str
    phone: str = ""
    sees: bool = False
    service: str = ""
    language: str = ""
    at: tuple[float, float, float] | None = None
    """Latitude, longitude and accuracy in metres of the app's fix."""


NIGHT = (
    Late(
        words="Smoke is coming out of the flat above us, LS1 6AG in Leeds",
        phone="+447700900401",
        sees=True,
    ),
    Late(words="My dad has fallen and is not breathing well", service="ambulance", at=(51.4816, -3.1791, 14)),
    Late(words="Car off the road on the A660 near Leeds, one man hurt", phone="+447700900402"),
    Late(words="Mae rhywun yn torri i mewn i'r tŷ drws nesaf", service="police", language="cy"),
    Late(words="He is outside my door. I cannot talk. EX4 3LS", phone="+447700900403"),
    Late(
        words="Two of us drifting out at Padstow",
        service="coastguard",
        at=(50.58, -4.96, 20),
    ),
    Late(words="Mój tata upadł i nie oddycha dobrze", phone="+447700900404"),
    Late(words="bins on fire behind the shops, nobody near", phone="+447700900405"),
)


async def play(outside: Outside) -> None:
    """Until all have written; raises what a caller's program raises when it cannot get through."""
    await asyncio.sleep(FIRST_AFTER_S)
    for late in NIGHT:
        await _write(outside, late)
        await asyncio.sleep(EVERY_S)


async def _write(outside: Outside, late: Late) -> None:
    if late.phone:
        seen = [await asyncio.to_thread(house_on_fire)] if late.sees else []
        await outside.twilio.text(
            late.phone, late.words, to=outside.doors.number, media=["image/png"] * len(seen), bodies=seen
        )
        return
    app = outside.app()
    await app.open(late.words, service=late.service, language=late.language)
    if late.at is not None:
        latitude, longitude, accuracy_m = late.at
        await app.move_to(latitude, longitude, accuracy_m, method="gps")
