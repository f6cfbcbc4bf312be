"""`intake serve`: the doors, the workers and the console, until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from intake.app import ROLES, running
from intake.errors import BadConfiguration, StoreUnavailable
from intake.logs import set_up_logs
from intake.settings import Settings, load_settings
from intake.store import writer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="the configuration folder")
    parser.add_argument(
        "--roles", type=_names, default=ROLES, help=f"comma-separated, of {','.join(ROLES)} (default: all)"
    )
    parser.add_argument("--channels", type=_names, help="only these channels' doors (default: all enabled)")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def run(args: argparse.Namespace) -> int:
    if unknown := set(args.roles) - set(ROLES):
        print(f"intake serve: no such role: {', '.join(sorted(unknown))}; there are {', '.join(ROLES)}")
        return 2
    try:
        settings = load_settings(args.config)
        set_up_logs(settings.log)
        writer.fork()
        return uvloop.run(_serve(settings, args.roles, args.channels))
    except BadConfiguration as error:
        # Law 18: nothing was started, so nothing good was replaced.
        print("intake serve: the configuration cannot be used:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return 78  # EX_CONFIG
    except StoreUnavailable as error:
        print(f"intake serve: the database cannot be reached: {error}", file=sys.stderr)
        return 75  # EX_TEMPFAIL


async def _serve(settings: Settings, roles: tuple[str, ...], channels: tuple[str, ...] | None) -> int:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with running(settings, roles, channels) as started:
        ended = asyncio.ensure_future(started.failed())
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if ended.done():
            ended.result()  # a loop died: its error ends the process, loudly
        ended.cancel()
    return 0
