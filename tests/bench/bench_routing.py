"""How long a look-up and a decision take, beside the bare STRtree of shapely on the same areas.

    python tests/bench/bench_routing.py [--points N] [--rounds N]

Every round measures every line once, in turn, on the same random points of the map, warm; the table shows
the median of the rounds in microseconds of processor time a point, and the ratio to the bare tree. Memory
and start-up are those of a fresh process with the router, the locator and all their data. Written into
tests/bench/README.md between its routing markers. Exit code 1 when an aim is missed.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from intake.boundaries import shapes
from intake.boundaries.shapes import AREAS, IRELAND
from intake.control_room import Service
from intake.location import CallerLocation
from intake.register import load_register
from intake.routing.projection import to_degrees

ROOT = Path(__file__).parents[2]
CONFIG, README = ROOT / "config", Path(__file__).parent / "README.md"
START, END = "<!-- routing:start -->", "<!-- routing:end -->"
DECISION_US, RESIDENT_MB, START_UP_S = 200.0, 300.0, 2.0
"""The aims: a decision with probabilities, warm; everything resident; a fresh process until it can route."""
_FRESH = """
import json, resource, time
begun = time.process_time()
from pathlib import Path
from intake.control_room import Service
from intake.locate.postcode_file import data_folder
from intake.locate.text import TextLocator
from intake.location import CallerLocation
from intake.register import load_register
imported = time.process_time()
router = load_register(Path("config"))
locator = TextLocator.load(data_folder())
router.route(Service.POLICE, locator.read("fire at LS1 4AP near Leeds").places[0])
ready = time.process_time()
for row in range(5_000):
    latitude, longitude = 50.2 + row % 97 / 14, -5.2 + row // 97 / 8.4
    place = CallerLocation(latitude=latitude, longitude=longitude, uncertainty_m=1_000)
    router.route(Service.POLICE, place)
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
resident_mb = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
print(json.dumps([imported - begun, ready - imported, resident_mb, peak_mb, locator.degraded]))
"""
YARDSTICK = "bare STRtree, prepared points in metres"
LOOK_UP = "look-up: latitude and longitude to district"
FOUR = (Service.POLICE, Service.FIRE, Service.AMBULANCE, Service.COASTGUARD)
Line = Callable[[], object]


def all_areas() -> Any:
    """The polygons that the router is given."""
    return np.concatenate([shapes.load(CONFIG / "boundaries" / name)[1] for name in (AREAS, IRELAND)])


def places(count: int) -> tuple[list[shapely.Point], list[tuple[float, float]]]:
    """The same random points of the map's areas as points in metres and as degrees."""
    areas = all_areas()
    random = np.random.default_rng(11)
    points: Any = shapely.points(
        random.uniform(80_000, 656_000, count * 5), random.uniform(5_000, 1_220_000, count * 5)
    )
    ground = np.unique(shapely.STRtree(areas).query(points, predicate="intersects")[0])[:count]
    chosen = points[np.random.default_rng(12).permutation(ground)]
    latitudes, longitudes = to_degrees(shapely.get_x(chosen), shapely.get_y(chosen))
    return list(chosen), list(zip(latitudes.tolist(), longitudes.tolist(), strict=True))


def lines(count: int) -> dict[str, Line]:
    points, degrees = places(count)
    tree = shapely.STRtree(all_areas())
    router = load_register(CONFIG)

    def located(radius_m: float) -> list[CallerLocation]:
        return [CallerLocation(latitude=lat, longitude=lon, uncertainty_m=radius_m) for lat, lon in degrees]

    def decide(radius_m: float) -> Line:
        locations = located(radius_m)
        return lambda: [router.route(Service.POLICE, location) for location in locations]

    return {
        YARDSTICK: lambda: [tree.query(point, predicate="intersects") for point in points],
        LOOK_UP: lambda: [router.district(*place) for place in degrees],
        "decision, 10 m": decide(10),
        "decision, 100 m": decide(100),
        "decision, 1 km": decide(1_000),
        "decision, 5 km": decide(5_000),
        "four services at once, 100 m": lambda: list(router.route_many(FOUR, located(100))),
    }


class Fresh(NamedTuple):
    """A new process: seconds to import and to load data until the first decision; megabytes after 5,000."""

    import_s: float
    load_s: float
    resident_mb: float
    peak_mb: float
    degraded: str


def fresh() -> Fresh:
    done = subprocess.run(
        [sys.executable, "-c", _FRESH], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return Fresh(*json.loads(done.stdout.splitlines()[-1]))


def measure(work: dict[str, Line], count: int, rounds: int) -> dict[str, float]:
    """Median microseconds a point; one warm-up round is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 1):
        for name, line in work.items():
            started = time.process_time()
            line()
            if turn:
                taken[name].append((time.process_time() - started) / count * 1e6)
    return {name: statistics.median(times) for name, times in taken.items()}


def verdict(name: str, figure: float, aim: float) -> str:
    return f"{name} ≤ {aim:g}: {'met' if figure <= aim else 'missed'}"


def table(medians: dict[str, float], process: Fresh, points: int, rounds: int) -> tuple[str, bool]:
    """The markdown between the markers, and whether every aim was met."""
    bare = medians[YARDSTICK]
    out = [
        f"`python tests/bench/bench_routing.py` on {datetime.now(UTC):%Y-%m-%d}: {points:,} random points of"
        f" land, median of {rounds} rounds, processor time ({platform.machine()}, Python"
        f" {platform.python_version()}).",
        "",
        "| what | µs a point | × bare tree | aim |",
        "|---|---|---|---|",
    ]
    met = True
    for name, us in medians.items():
        is_decision = name.startswith("decision")
        met = met and not (is_decision and us > DECISION_US)
        aim = verdict("aim", us, DECISION_US) if is_decision else ""
        out.append(f"| {name} | {us:.1f} | {us / bare:.2f} | {aim} |")
    start_up_s = process.import_s + process.load_s
    out += [
        "",
        f"A fresh process with router, locator and all their data: ready after {start_up_s:.2f} s"
        " of processor time"
        f" ({process.import_s:.2f} s of imports; {verdict('aim', start_up_s, START_UP_S)}), resident"
        f" {process.resident_mb:.0f} MB after 5,000 decisions"
        f" ({verdict('aim', process.resident_mb, RESIDENT_MB)};"
        f" peak {process.peak_mb:.0f} MB).",
    ]
    if process.degraded:
        out.append(f"Not all data: {process.degraded}")
    met = met and start_up_s <= START_UP_S and process.resident_mb <= RESIDENT_MB and not process.degraded
    return "\n".join(out), met


def write_into(readme: Path, text: str) -> None:
    """Replace what stands between the markers; the markers are added at the end where they are missing."""
    page = readme.read_text("utf-8")
    if START not in page:
        page = f"{page.rstrip()}\n\n## Routing\n\n{START}\n{END}\n"
    before, rest = page.split(START, 1)
    after = rest.split(END, 1)[1]
    readme.write_text(f"{before}{START}\n{text}\n{END}{after}", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="microseconds a look-up and a decision, beside bare shapely")
    parser.add_argument("--points", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="do not write tests/bench/README.md")
    args = parser.parse_args()
    medians = measure(lines(args.points), args.points, args.rounds)
    text, met = table(medians, fresh(), args.points, args.rounds)
    sys.stdout.write(text + "\n")
    if not args.dry:
        write_into(README, text)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
