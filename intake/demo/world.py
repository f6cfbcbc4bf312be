"""Everything one demo needs, started in order and ended in reverse: rooms, providers, the intake itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from intake.clock import SteadyClock
from intake.demo import people
from intake.demo import setting as making
from intake.demo.intake_process import DemoFailed, IntakeProcess
from intake.demo.setting import Setting
from intake.locate import postcode_build
from intake.mait.signature import secrets_from_text
from intake.simulate.control_room import ControlRoomServer, Mode
from intake.simulate.outside import Outside

DECIDES_AFTER_S = 1.0


class World(msgspec.Struct, frozen=True, kw_only=True):
    """A started demo. The intake is a process of its own; all else lives in this one."""

    setting: Setting
    clock: SteadyClock
    rooms: dict[str, ControlRoomServer]
    outside: Outside
    intake: IntakeProcess


@asynccontextmanager
async def world(
    setting: Setting, config_dir: Path, say: Callable[[str], None], broken_rooms: Collection[str] = ()
) -> AsyncIterator[World]:
    """Start all of it, yield, end all of it. ``say`` hears each step; raises DemoFailed."""
    clock = SteadyClock()
    async with AsyncExitStack() as stack:
        say(f"{len(making.ROOMS)} reference control rooms")
        rooms = {room_id: await _room(stack, setting, room_id, clock) for room_id in making.ROOMS}
        for room_id in broken_rooms:
            if room_id not in rooms:
                raise DemoFailed(f"there is no room {room_id!r} in the demo; there are {', '.join(rooms)}")
            rooms[room_id].tell(Mode.REFUSE)
        say("stand-ins for Twilio, Telegram, a mail relay, an app and a phone")
        outside = Outside(setting.doors, clock.now, relay_tls=making.relay_tls(setting))
        await stack.enter_async_context(outside)
        making.write_config(
            setting,
            config_dir,
            outside.twilio.base_url,
            outside.telegram.base_url,
            outside.relay.port,
            outside.twilio.files.host,
        )
        say("intake serve: doors, workers, console")
        feeds = {room_id: room.feed_url for room_id, room in rooms.items()}
        intake = IntakeProcess(
            setting.config_dir,
            setting.folder / "intake.log",
            making.environment(setting, feeds),
            setting.doors.http_url,
        )
        stack.push_async_callback(intake.end)
        await intake.start()
        say("accounts for the console")
        await people.hire(setting.store_url, setting.console_secret, setting.people)
        yield World(setting=setting, clock=clock, rooms=rooms, outside=outside, intake=intake)


def need_postcodes(data_dir: Path, say: Callable[[str], None]) -> None:
    """Build the postcode file where it is missing or of another version; some ten seconds, once."""
    if postcode_build.up_to_date(data_dir) is None:
        say("postcodes: built once, this takes a little")
        postcode_build.build(data_dir)


async def _room(
    stack: AsyncExitStack, setting: Setting, room_id: str, clock: SteadyClock
) -> ControlRoomServer:
    room = ControlRoomServer(
        room_id,
        secrets_from_text(setting.room_secrets[room_id]),
        database=setting.folder / f"room-{room_id}.db",
        callback_url=f"{setting.doors.http_url}/mait/confirmations",
        delay_s=DECIDES_AFTER_S,
        now=clock.now,
    )
    await room.start()
    stack.push_async_callback(room.stop)
    return room
