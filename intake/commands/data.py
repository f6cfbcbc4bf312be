"""`intake data`: build the look-up files under the data folder; a second run is a quick no-op."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from intake.errors import BadConfiguration
from intake.locate import postcode_build
from intake.locate.postcode_file import FILE_NAME, data_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder",
        type=Path,
        default=None,
        help="where the files go (default: INTAKE_DATA_DIR, or var/data)",
    )
    parser.add_argument("--rebuild", action="store_true", help="build again although nothing changed")


def run(args: argparse.Namespace) -> int:
    folder: Path = args.folder or data_folder()
    present = None if args.rebuild else postcode_build.up_to_date(folder)
    if present is not None:
        print(f"postcodes: {present.rows:,} of version {present.package_version} are in {folder}")
        return 0
    console = Console(stderr=True)
    try:
        manifest = postcode_build.build(
            folder,
            lambda files: track(list(files), description="postcodes", console=console, transient=True),
        )
    except BadConfiguration as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    megabytes = (folder / FILE_NAME).stat().st_size / 1e6
    made = f"{manifest.rows:,} of version {manifest.package_version}"
    print(f"postcodes: {made} written, {megabytes:.0f} MB in {folder}")
    print(manifest.attribution)
    return 0
