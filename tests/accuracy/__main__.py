"""`make accuracy`: how often the map is right, in one table; exit code 1 when an aim is missed.

    PYTHONPATH=tests python -m accuracy [--sample N] [--quick] [--shift-m M] [--shuffle]

``--quick`` leaves out what needs fetched packages (GSHHG, OpenStreetMap, Natural Earth, London's
boroughs: var/packages, some 250 MB). ``--shift-m`` and ``--shuffle`` spoil the map: it must be found out.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from accuracy.halves import FETCHED, Say, by_circles, by_postcodes, by_the_rest, material
from accuracy.table import Line, as_table
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make accuracy", description="how often the map is right")
    parser.add_argument("--sample", type=int, default=20_000, help="points of random land (default 20,000)")
    parser.add_argument("--quick", action="store_true", help="only what needs no fetched package")
    parser.add_argument("--shift-m", type=float, default=0.0, help="spoil: ask so far east of every point")
    parser.add_argument("--shuffle", action="store_true", help="spoil: areas get each other's rooms")
    args = parser.parse_args(argv)
    started = time.monotonic()
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    if not args.quick:
        FETCHED.mkdir(parents=True, exist_ok=True)
    with progress:
        task = progress.add_task("starting", total=None)
        lines = measure(args, lambda step: progress.update(task, description=step))
    subject = f"map {material(args)[0].router.map_version}"
    if args.shift_m or args.shuffle:
        subject += ", SPOILT ON PURPOSE"
    wide = Console() if sys.stdout.isatty() else Console(width=130)
    wide.print(as_table(lines, f"{subject}; {time.monotonic() - started:.0f} s"))
    missed = [line for line in lines if line.is_missed]
    for line in missed:
        sys.stderr.write(f"missed: {line.group}: {line.what.strip()}: {line.share:.3%}\n")
    return 1 if missed else 0


def measure(args: argparse.Namespace, say: Say) -> list[Line]:
    """Two halves, each on a processor of its own."""
    if args.quick:
        return [*by_postcodes(args, say), *by_circles(args)]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        beside = other.submit(by_the_rest, args)
        lines = list(by_postcodes(args, say))
        say("waiting for circles, other people's outlines and the coast")
        return lines + beside.result()


if __name__ == "__main__":
    sys.exit(main())
