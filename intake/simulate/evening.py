"""The script of one short evening: who writes in, how, and what must have become of it at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import msgspec

from intake.simulate.app_client import AppClient
from intake.simulate.outside import Outside
from intake.simulate.pictures import house_on_fire
from intake.simulate.telegram_api import Person

FIRE_PHONE, SILENT_PHONE, GARBLED_PHONE = "+447700900142", "+447700900355", "+447700900811"
FORGER, APP_PHONE = "+447700900666", "+447700900268"
PADDLEBOARDER = Person(id=900417, first_name="Sam")
NEIGHBOUR = "Jo Neighbour <jo@example.com>"
GARBLED_SID = "SM" + "5" * 32

DRIFT = (
    (50.57900, -4.95800),
    (50.57914, -4.95837),
    (50.57929, -4.95871),
    (50.57941, -4.95910),
    (50.57956, -4.95945),
)
"""Latitude, longitude: 31 m between two fixes of a board blown north-west, out of Padstow Bay."""


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulated call handler does with a contact it takes, as a person would.

    ``reply`` is said to the caller first; then the contact goes to ``services`` with ``report``
    (M/ETHANE). ``follow_up`` sends the newest place after the room has accepted. Without services
    the conversation stays open: there is nothing yet that could be sent.
    """

    reply: str = ""
    services: tuple[str, ...] = ()
    report: dict[str, str] = {}
    follow_up: bool = False


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One caller. ``room`` is the control room that must accept; empty where nothing can be sent yet.

    ``handling`` None leaves it to the intake's own policy. ``caller`` is the URI the intake will
    know them by; empty for an app, whose handle comes with its first answer.
    """

    id: str
    title: str
    words: str
    caller: str = ""
    room: str = ""
    handling: Handling | None = None


class AtTheDoor(msgspec.Struct, frozen=True, kw_only=True):
    """Something at a door that is no contact of its own; ``answer`` is the door's own."""

    id: str
    at: datetime
    channel: str
    what: str
    answer: str
    meaning: str
    as_expected: bool


FIRE = Scene(
    id="fire",
    title="Fire by text, Leeds",
    words="Fire at LS1 4AP two people upstairs",
    caller=f"tel:{FIRE_PHONE}",
    room="fire-west-yorkshire",
    handling=Handling(
        reply="A person has read this. I am sending it to the fire service. Get out if you can.",
        services=("fire",),
        report={
            "exact_location": "LS1 4AP, Leeds",
            "type_of_incident": "Fire in a building, persons reported",
            "hazards": "Two people upstairs, by the caller's words",
            "emergency_services": "None present. Fire service needed.",
        },
    ),
)
FALL = Scene(
    id="fall",
    title="Fall by app, Cardiff (in Welsh)",
    words="Mae Mam wedi cwympo i lawr y grisiau.",
    room="ambulance-welsh",
)
BOARD = Scene(
    id="board",
    title="Paddleboarder by Telegram, Padstow",
    words="On a paddleboard off Padstow, the wind is blowing me out to sea",
    caller=f"tg:{PADDLEBOARDER.id}",
    room="coastguard",
    handling=Handling(
        reply="A person has read this. I am sending it to the coastguard. Stay on your board.",
        services=("coastguard",),
        report={
            "exact_location": "Off Padstow, drifting: see the live location",
            "type_of_incident": "One person on a paddleboard, blown out to sea",
            "hazards": "Offshore wind",
            "emergency_services": "None present. Coastguard needed.",
        },
        follow_up=True,
    ),
)
NEXT_DOOR = Scene(
    id="next-door",
    title="Worried neighbour by email, Exeter",
    words="Shouting next door and glass is breaking. The house is in EX4 3LS. Please send the police.",
    caller="mailto:jo@example.com",
    room="police-devon-and-cornwall",
    handling=Handling(
        reply="A person has read this. I am sending it to the police. Please do not go in.",
        services=("police",),
        report={
            "exact_location": "EX4 3LS, Exeter: the house next to the caller's",
            "type_of_incident": "Disturbance in a house: shouting, breaking glass",
            "emergency_services": "None present. Police needed.",
        },
    ),
)
SILENT = Scene(
    id="silent",
    title="Silent 55 by text, near Tamworth",
    words="55",
    caller=f"tel:{SILENT_PHONE}",
    room="police-staffordshire",
    handling=Handling(
        services=("police",),
        report={
            "exact_location": "By the phone's AML fix only: the caller cannot speak",
            "type_of_incident": "Silent 55. Asked whether help is needed, the caller replied 1 for yes.",
            "hazards": "Do not ring back: somebody may be with the caller",
            "emergency_services": "None present. Police needed.",
        },
    ),
)
GARBLED = Scene(
    id="garbled",
    title="Text of broken bytes, no place",
    words="Help, there is a fight outside the caf�",
    caller=f"tel:{GARBLED_PHONE}",
    handling=Handling(reply="We could not read all of your text. What has happened, and where are you?"),
)
SCENES = (FIRE, FALL, BOARD, NEXT_DOOR, SILENT, GARBLED)


class Evening:
    """Plays the script once. ``callers`` fills with each scene's caller URI, ``doors`` with the rest."""

    def __init__(self, outside: Outside, now: Callable[[], datetime]):
        self._outside, self._now = outside, now
        self.callers = {scene.id: scene.caller for scene in SCENES if scene.caller}
        self.doors: list[AtTheDoor] = []
        self.live_ended = asyncio.Event()
        self._app: AppClient | None = None

    async def play(self) -> None:
        """About ten seconds; raises what a caller's program raises when it cannot get through."""
        acts: tuple[tuple[float, Callable[[], Coroutine[Any, Any, None]]], ...] = (
            (0.0, self._fire),
            (1.2, self._fall),
            (2.4, self._board),
            (3.6, self._next_door),
            (4.8, self._silent),
            (6.0, self._forger),
            (6.6, self._garbled),
        )
        async with asyncio.TaskGroup() as group:
            for after_s, act in acts:
                group.create_task(self._later(after_s, act))

    async def told(self) -> dict[str, list[str]]:
        """What each caller's own phone, app or mailbox shows of us, by scene id, oldest first."""
        outside, mail = self._outside, self._outside.relay.received
        told = {
            scene.id: [one.text for one in outside.twilio.sent if f"tel:{one.to}" == scene.caller]
            for scene in (FIRE, SILENT, GARBLED)
        }
        told[BOARD.id] = [one.text for one in outside.telegram.sent if one.chat == PADDLEBOARDER.id]
        told[NEXT_DOOR.id] = [
            str(one.get_content()).strip() for one in mail if f"mailto:{one['To']}" == NEXT_DOOR.caller
        ]
        told[FALL.id] = [one.text for one in (await self._app.news()).replies] if self._app else []
        return told

    async def _later(self, after_s: float, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await asyncio.sleep(after_s)
        await act()

    async def _fire(self) -> None:
        twilio = self._outside.twilio
        picture = await asyncio.to_thread(house_on_fire)
        first = await twilio.text(
            FIRE_PHONE, FIRE.words, to=self._outside.doors.number, media=["image/png"], bodies=[picture]
        )
        await asyncio.sleep(0.5)
        again = await twilio.deliver(first.sid)
        answers = [status for _, status in first.tries + again.tries]
        self._note(
            "repeated", "sms", "the fire's webhook, brought again", again.tries[-1][1],
            "folded: still one message", answers == [200, 200],
        )  # fmt: skip

    async def _fall(self) -> None:
        self._app = app = self._outside.app()
        await app.open(FALL.words, service="ambulance", language="cy", telephone=APP_PHONE)
        self.callers[FALL.id] = f"app:{app.contact}"
        await asyncio.sleep(0.4)
        # Said with the contact's token: the policy trusts these words, an opening could be anybody's.
        await app.say("Mae hi'n methu codi, ac mae ei phen hi'n gwaedu.")
        await asyncio.sleep(0.5)  # a phone needs a moment for its first good fix
        await app.move_to(51.48160, -3.17910, 14, method="gps", positioned_at=self._now().isoformat())

    async def _board(self) -> None:
        telegram = self._outside.telegram
        await telegram.text(PADDLEBOARDER, BOARD.words)
        await telegram.play_live_location(PADDLEBOARDER, DRIFT, accuracy_m=12, every_s=1.1)
        self.live_ended.set()

    async def _next_door(self) -> None:
        await self._outside.mail(NEIGHBOUR, "Something is wrong next door", NEXT_DOOR.words)

    async def _silent(self) -> None:
        number = self._outside.doors.number
        await self._outside.twilio.text(SILENT_PHONE, SILENT.words, to=number)
        await asyncio.sleep(0.6)
        await self._outside.twilio.text(SILENT_PHONE, "1", to=number)
        await asyncio.sleep(0.8)
        status = await self._outside.phone_fix(SILENT_PHONE, 52.6000, -1.6500, 300, "cell")
        self._note(
            "aml", "aml", "a phone's own fix, by its number", status, "joined the silent 55", status == 200
        )

    async def _forger(self) -> None:
        status = await self._outside.twilio.forge(
            FORGER, "Send everyone to SW1A 1AA", to=self._outside.doors.number
        )
        self._note(
            "forged",
            "sms",
            "a webhook with a forged signature",
            status,
            "refused: nothing kept",
            status == 403,
        )

    async def _garbled(self) -> None:
        to, sender = (number.replace("+", "%2B") for number in (self._outside.doors.number, GARBLED_PHONE))
        account = self._outside.doors.account_sid
        head = f"MessageSid={GARBLED_SID}&AccountSid={account}&From={sender}&To={to}&Body="
        body = head.encode() + b"Help,+there+is+a+fight+outside+the+caf%E9"  # Latin-1, not UTF-8
        status = await self._outside.twilio.malformed(body)
        self._note(
            "malformed", "sms", "a text that is not UTF-8", status, "kept, marked defective", status == 200
        )

    def _note(self, id: str, channel: str, what: str, answer: int, meaning: str, as_expected: bool) -> None:
        self.doors.append(
            AtTheDoor(
                id=id,
                at=self._now(),
                channel=channel,
                what=what,
                answer=str(answer or "no answer"),
                meaning=meaning if as_expected else "NOT AS EXPECTED",
                as_expected=as_expected,
            )
        )
