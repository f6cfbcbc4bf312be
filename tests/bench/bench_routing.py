"""How long a look-up and a decision take, beside the bare STRtree of shapely on the same areas.

    python tests/bench/bench_routing.py [--points N] [--rounds N]

Every round measures every line once, in turn, on the same random points of the map; the table shows the
median of the rounds in microseconds of processor time a point, and the ratio to the bare tree.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from intake.boundaries import shapes
from intake.control_room import Service
from intake.location import CallerLocation
from intake.register import load_register
from intake.routing.projection import to_degrees

CONFIG = Path(__file__).parents[2] / "config"
YARDSTICK = "bare STRtree, prepared points in metres"
LOOK_UP = "look-up: latitude and longitude to district"
Line = Callable[[], object]


def places(count: int) -> tuple[list[shapely.Point], list[tuple[float, float]]]:
    """The same random points of the map's areas as points in metres and as degrees."""
    _, areas = shapes.load(CONFIG / "boundaries" / "areas.npz")
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
    _, areas = shapes.load(CONFIG / "boundaries" / "areas.npz")
    tree = shapely.STRtree(areas)
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
        "four services at once, 100 m": lambda: list(router.route_many(list(Service), located(100))),
    }


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


def main() -> int:
    parser = argparse.ArgumentParser(description="microseconds a look-up and a decision, beside bare shapely")
    parser.add_argument("--points", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    started = time.perf_counter()
    load_register(CONFIG)
    load_ms = (time.perf_counter() - started) * 1e3
    medians = measure(lines(args.points), args.points, args.rounds)
    out = [f"| {'what':<44} | µs a point | × bare tree |", f"|{'-' * 46}|-----------:|------------:|"]
    out += [
        f"| {name:<44} | {us:>10.1f} | {us / medians[YARDSTICK]:>11.2f} |" for name, us in medians.items()
    ]
    out.append(
        f"\nregister, map and policy loaded in {load_ms:.0f} ms; {args.points:,} points, {args.rounds} rounds"
    )
    sys.stdout.write("\n".join(out) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
