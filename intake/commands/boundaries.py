"""`intake boundaries`: make the map files of config/boundaries again from registry packages."""

from __future__ import annotations

import argparse
from pathlib import Path

from intake.boundaries import drawing, released
from intake.boundaries.build import build

FRONT = Path(__file__).parent.parent / "console" / "front" / "place"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, default=Path("config"), metavar="DIR", help="configuration folder"
    )
    parser.add_argument(
        "--fetched",
        type=Path,
        default=Path("var/packages"),
        metavar="DIR",
        help="where the fetched packages are kept between builds (about 235 MB)",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="only keep the present map in the archive, before one of its tables is edited",
    )
    parser.add_argument(
        "--outline",
        action="store_true",
        help="only make the outline again that the console's page loads, out of coast.npz",
    )


def run(args: argparse.Namespace) -> int:
    """Needs npm, pip and the registries once; a minute of one processor. Same sources, same bytes.

    The map that stood there is kept in the archive, so that its decisions can be replayed.
    """
    folder = args.config / "boundaries"
    if args.outline:
        drawing.write_outline(folder, FRONT / drawing.OUTLINE)
        print(f"boundaries: {drawing.OUTLINE} is {(FRONT / drawing.OUTLINE).stat().st_size:,} bytes")
        return 0
    if (folder / "manifest.json").exists():
        print(f"boundaries: kept {released.keep(folder).name}", flush=True)
    if args.keep:
        return 0
    args.fetched.mkdir(parents=True, exist_ok=True)
    build(folder, args.fetched, lambda step: print(f"boundaries: {step}", flush=True))
    released.forget_present(folder)
    drawing.write_outline(folder, FRONT / drawing.OUTLINE)
    for path in sorted(folder.glob("*.npz")):
        print(f"{path.name}\t{path.stat().st_size:,} bytes")
    print(f"boundaries: the map is {released.version_of(folder)}")
    return 0
