"""`intake migrate`: bring the database to this version's tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from intake.errors import BadConfiguration, StoreUnavailable
from intake.settings import load_settings
from intake.store.schema import HEAD, migrate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="the configuration folder")


def run(args: argparse.Namespace) -> int:
    try:
        before = migrate(load_settings(args.config).store.url)
    except BadConfiguration as error:
        print(f"intake migrate: {error}", file=sys.stderr)
        return 78
    except StoreUnavailable as error:
        print(f"intake migrate: the database cannot be reached: {error}", file=sys.stderr)
        return 75
    print(
        f"the database is at schema {HEAD}" + ("" if before == HEAD else f" (it was at {before or 'none'})")
    )
    return 0
