"""One demo from first to last: start, play, check, report, and keep it running if asked."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
import webbrowser
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from aiohttp import ClientError
from rich.console import Console
from rich.text import Text

from intake.demo import report
from intake.demo.beside import Beside, innermost
from intake.demo.checks import Evidence, missing
from intake.demo.intake_process import DemoFailed
from intake.demo.kept import connected, keep, signing_in
from intake.demo.people import CHECKER
from intake.demo.screen import Screen, heading, make_screen, notice
from intake.demo.setting import HANDLER, make_setting
from intake.demo.visit import troubles_at
from intake.demo.watch import Watch
from intake.demo.world import World, need_postcodes, world
from intake.errors import IntakeError
from intake.simulate.evening import FIRE, Evening

LOOK_S = 0.25
PATIENCE_S = 12.0
"""For what is still under way when the last caller has written."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """``connection`` is written only when the demo is kept; ``browser`` shows the console in one."""

    config_dir: Path
    data_dir: Path
    connection: Path
    keep: bool = False
    browser: bool = False
    broken_rooms: tuple[str, ...] = ()


async def play(options: Options, console: Console) -> int:
    """0 when all that must happen did, else 1. What was started is ended on every way out."""
    folder = Path(tempfile.mkdtemp(prefix="intake-demo-"))
    console.print(heading(datetime.now(UTC)))
    screen = make_screen(console)
    try:
        problems = await _run(options, console, screen, folder)
    except (IntakeError, ClientError, OSError) as error:
        screen.close()
        words = str(error) if isinstance(error, IntakeError) else f"{type(error).__name__}: {error}"
        console.print(Text(f"The demo failed: {words}", "bold red"), soft_wrap=True)
        problems = [words]
    except BaseException:
        screen.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if problems:
        # The folder stays: its log says more.
        console.print(Text(f"The intake's log: {folder / 'intake.log'}", "dim"), soft_wrap=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if problems else 0


async def _run(options: Options, console: Console, screen: Screen, folder: Path) -> list[str]:
    await asyncio.to_thread(need_postcodes, options.data_dir, screen.step)
    setting = make_setting(folder, options.data_dir)
    async with AsyncExitStack() as stack:
        started = await stack.enter_async_context(
            world(setting, options.config_dir, screen.step, options.broken_rooms)
        )
        screen.started(_where(started))
        screen.sign_in(setting.console_url, signing_in(setting.people))
        if options.keep:
            stack.enter_context(connected(started, options.connection))
        if options.browser:
            await asyncio.to_thread(show_in_browser, setting.console_url)
        evening = Evening(started.outside, started.clock.now)
        beside = await stack.enter_async_context(Beside(setting, evening))
        evidence, problems = await _evening(started, screen, evening, beside)
        await _report(console, started, evidence, problems)
        if options.keep:
            # Whoever takes part may have changed the evening: that is no reason to end it.
            await keep(console, started, options.connection)
    return problems


async def _evening(
    started: World, screen: Screen, evening: Evening, beside: Beside
) -> tuple[Evidence, list[str]]:
    """What became of the script and of a visit to the console, and what is missing of both."""
    checker = next(one for one in started.setting.people if one.name == CHECKER)
    visit = asyncio.create_task(troubles_at(started.setting.console_url, checker))
    script = asyncio.create_task(evening.play())
    try:
        watch = Watch(beside.console, evening, started)
        evidence = await _until_settled(started, watch, screen, script, beside)
        return evidence, [*missing(evidence), *await visit]
    finally:
        for task in (script, visit):
            task.cancel()
        await asyncio.gather(script, visit, return_exceptions=True)
        screen.close()


async def _until_settled(
    started: World, watch: Watch, screen: Screen, script: asyncio.Task[None], beside: Beside
) -> Evidence:
    give_up_s = 0.0
    while True:
        started.intake.require_alive()
        screen.show(await watch.look(), watch.doors)
        beside.require_working()
        if script.done() and (error := script.exception()):
            raise DemoFailed(f"the script could not go on: {innermost(error)}")
        if script.done():
            give_up_s = give_up_s or time.monotonic() + PATIENCE_S
            evidence = await watch.evidence()
            if not missing(evidence) or time.monotonic() > give_up_s:
                screen.show(await watch.look(), watch.doors)
                return evidence
        await asyncio.sleep(LOOK_S)


async def _report(console: Console, started: World, evidence: Evidence, problems: list[str]) -> None:
    received = evidence.received.get(FIRE.room, ())
    if received:
        document = await started.rooms[FIRE.room].document(received[0].message_id)
        report.print_mait(console, FIRE.room, document)
    report.print_sums(console, evidence)
    if problems:
        report.print_missing(console, problems)
    console.print()
    console.print(notice())


def _where(started: World) -> list[str]:
    setting = started.setting
    return [
        f"intake serve  process {started.intake.pid}",
        f"doors         {setting.doors.http_url}   mail {setting.doors.smtp_host}:{setting.doors.smtp_port}",
        f"desk          {setting.console_url}   {HANDLER} is a simulated call handler, on a live line",
        f"rooms         {len(started.rooms)} reference control rooms; each decides by rule after 1 s",
    ]


def show_in_browser(url: str) -> None:
    """Ask the machine to show a page; one without a screen does not, and that is no trouble."""
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(url)
