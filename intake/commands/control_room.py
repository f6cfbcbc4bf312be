"""`intake control-room`: a reference control room that receives, confirms, and accepts or rejects."""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
import sys
from contextlib import suppress
from pathlib import Path

from intake.mait.signature import secrets_from_text
from intake.simulate.control_room import ControlRoomServer, Mode, Rule


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The room's identity, its two addresses, the shared secret, and how it behaves."""
    add = parser.add_argument
    add("--room", required=True, metavar="ID", help="the room's id in config/control_rooms.toml")
    add("--name", default="", help="its name, for the page")
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8700)
    add("--callback", default="", metavar="URL", help="where verdicts go: …/mait/confirmations of the intake")
    add("--secret-file", required=True, type=Path, metavar="F", help="the shared secret, 32 bytes or more")
    add("--originator", default="national-intake", metavar="AGENCY", help="the one agency it hears")
    add("--rule", type=Rule, choices=list(Rule), default=Rule.HAND, help="who decides (default: hand)")
    add("--delay", type=float, default=1.0, metavar="S", help="seconds before the rule decides")
    add("--mode", type=Mode, choices=list(Mode), default=Mode.NORMAL, help="how it answers its feed")
    add("--slow", type=float, default=5.0, metavar="S", help="seconds it waits in mode slow")
    add("--db", type=Path, default=None, metavar="PATH", help="default: var/control-room-ID.db")
    add("--certificate", type=Path, metavar="PEM", help="serve HTTPS with this certificate")
    add("--key", type=Path, metavar="PEM", help="its key")
    add("--ca", type=Path, metavar="PEM", help="trust this authority at the callback address")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; 2 when the secret cannot be used."""
    try:
        secrets = secrets_from_text(args.secret_file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        print(f"{args.secret_file}: {error}", file=sys.stderr)
        return 2
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(args, secrets))
    return 0


async def _serve(args: argparse.Namespace, secrets: tuple[bytes, ...]) -> None:
    database = args.db or Path("var") / f"control-room-{args.room}.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    room = ControlRoomServer(
        args.room,
        secrets,
        database=database,
        callback_url=args.callback,
        name=args.name,
        originator=args.originator,
        rule=args.rule,
        delay_s=args.delay,
        may_exit=True,
        tls=_server_tls(args),
        callback_tls=ssl.create_default_context(cafile=args.ca) if args.ca else None,
    )
    room.tell(args.mode, args.slow)
    await room.start(args.host, args.port)
    print(f"{args.room}: feed {room.feed_url}  page {room.url}/  token {room.admin_token}", flush=True)
    serving = asyncio.create_task(room.serve())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await serving
    finally:
        await room.stop()


def _server_tls(args: argparse.Namespace) -> ssl.SSLContext | None:
    if not args.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(args.certificate, args.key)
    return context
