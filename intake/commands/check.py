"""`intake check`: every error of the configuration at once, before anything is started (law 18)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import channels
from intake.console.access import check_tokens
from intake.console.peers import Proxies
from intake.console.sign_in.oidc import problems_of as provider_problems
from intake.doors.listening import server_tls
from intake.errors import BadConfiguration
from intake.feeds import shared_secrets
from intake.locate.geocoding import check_geocoding
from intake.locate.text import TextLocator
from intake.phrases import check_phrases
from intake.public.words import load_words
from intake.register import check_register, load_register
from intake.settings import Settings, load_settings
from intake.stock_replies import check_stock_replies
from intake.suggesting import LONDON
from intake.triage import check_added, check_triage, load_added


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="the configuration folder")


def run(args: argparse.Namespace) -> int:
    config_dir = args.config or Path(os.environ.get("INTAKE_CONFIG", "config"))
    problems = list(problems_in(config_dir, os.environ))
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'} in {config_dir}")
        return 78  # EX_CONFIG
    print(f"{config_dir}: no problems")
    if not load_settings(config_dir).console.secret:
        print("note: console.secret is not set: nobody can sign in at the console with a password")
    for one in load_added(config_dir).ended(datetime.now(LONDON).date()):
        print(f"note: agreement {one.id!r} ended on {one.until}: it is proposed no more")
    return 0


def problems_in(config_dir: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Every problem of the files in a folder and of the environment over them, each in one line."""
    settings: Settings | None = None
    try:
        settings = load_settings(config_dir, environ)
    except BadConfiguration as error:
        yield from error.problems
    yield from check_register(config_dir)
    yield from check_triage(config_dir)
    yield from check_added(config_dir)
    yield from check_phrases(config_dir)
    yield from check_stock_replies(config_dir)
    yield from _raised(load_words, config_dir)
    if settings is not None:
        yield from _problems_of(settings)


def _problems_of(settings: Settings) -> Iterator[str]:
    for kind, table in settings.channels.items():
        if kind not in channels.CHANNELS:
            yield f"channels.{kind}: no such channel; there are {', '.join(channels.CHANNELS)}"
        elif settings.is_enabled(kind):
            rest = {key: value for key, value in table.items() if key != "enabled"}
            yield from channels.check(kind, rest)
    yield from _raised(check_tokens, settings.console.tokens)
    yield from _raised(Proxies, settings.console.trusted_proxies)
    yield from _raised(shared_secrets, settings.feeds.secrets)
    yield from _raised(server_tls, settings.doors)
    yield from provider_problems(settings.console)
    yield from check_geocoding(settings)
    yield from _rooms_named(settings)
    if settings.links.automatic and not settings.links.secret:
        yield "links.automatic: needs links.secret, or no link could be sent"
    if degraded := TextLocator.load(settings.data_dir, settings.config_dir / "gazetteer").degraded:
        yield degraded


def _rooms_named(settings: Settings) -> Iterator[str]:
    """A feed for a room that is not in the register would never be used, and nobody would know."""
    if check_register(settings.config_dir):
        return
    rooms = load_register(settings.config_dir).rooms
    for name, table in (("secrets", settings.feeds.secrets), ("urls", settings.feeds.urls)):
        for room_id in table:
            if room_id not in rooms:
                yield f"feeds.{name}.{room_id}: no such room in control_rooms.toml"


def _raised(check: Callable[[Any], object], value: Any) -> Iterator[str]:
    try:
        check(value)
    except BadConfiguration as error:
        yield from error.problems
