"""`intake demo`: play a short evening end to end on this machine, with everything outside simulated."""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import signal
import sys
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from intake.demo.connection import DEFAULT_PATH, NoDemo, read_connection
from intake.demo.play import Options, play
from intake.locate.postcode_file import data_folder

PLAIN_WIDTH = 110
"""Columns where no terminal says how many it has."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "what",
        nargs="?",
        choices=["play", "code"],
        default="play",
        help="code: what an authenticator app would show now for the accounts of a kept demo",
    )
    add("--open", action="store_true", help="show the console in a browser; with --keep on a screen: always")
    add("--keep", action="store_true", help="leave it running afterwards, to try by hand, until Ctrl+C")
    add(
        "--connection",
        type=Path,
        default=DEFAULT_PATH,
        metavar="FILE",
        help=f"with --keep: where `intake send` finds it (default {DEFAULT_PATH})",
    )
    add("--config", type=Path, help="the configuration folder whose rooms, rules and phrases are used")
    add(
        "--break-room",
        action="append",
        default=[],
        metavar="ID",
        help="let this control room refuse everything: the demo must then fail, and say so (for tests)",
    )


def run(args: argparse.Namespace) -> int:
    """0 when all that must happen did, 1 when something did not, 2 for a mistaken call."""
    if args.what == "code":
        return _print_codes(args.connection)
    config_dir = args.config or Path(os.environ.get("INTAKE_CONFIG", "config"))
    if problem := _problem(args, config_dir):
        print(f"intake demo: {problem}", file=sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # without UTF-8 it is question marks, not an error
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    # The intake logs in its own process; the stand-ins' warnings are part of the play.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    options = Options(
        config_dir=config_dir,
        data_dir=data_folder(),
        connection=args.connection,
        keep=args.keep,
        browser=args.open or (args.keep and _has_screen()),
        broken_rooms=tuple(args.break_room),
    )
    try:
        return asyncio.run(_until_told(options, console))
    except KeyboardInterrupt:
        console.print("ended")
        return 0 if args.keep else 130


def _print_codes(path: Path) -> int:
    try:
        running = read_connection(path)
    except NoDemo as error:
        print(f"intake demo: {error}", file=sys.stderr)
        return 1
    print(f"{running.console_url}/")
    for one in running.people:
        code, left_s = one.code()
        print(f"{one.name}\t{one.role}\tpassword {one.password}\tcode {code}, new in {left_s} s")
    return 0


def _has_screen() -> bool:
    """Somebody sits before this machine, and can see a browser."""
    return sys.stdout.isatty() and bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


async def _until_told(options: Options, console: Console) -> int:
    this: Any = asyncio.current_task()
    for name in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, this.cancel)
    try:
        return await play(options, console)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _problem(args: argparse.Namespace, config_dir: Path) -> str:
    if not (config_dir / "control_rooms.toml").is_file():
        return f"{config_dir} is not the configuration folder: run it in the checkout, or give --config"
    if args.keep and args.connection.exists():
        try:
            running = read_connection(args.connection)
        except NoDemo:
            return ""  # left behind by a demo that was killed
        return (
            f"a demo is kept running already (process {running.pid}, {args.connection}): end it first,"
            " or name another file with --connection"
        )
    return ""
