"""The map and router under test, whole or spoilt on purpose: a spoilt one must be found out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from intake.boundaries.build import labels
from intake.boundaries.districts import EXCEPTIONS, TERRITORIAL, read_areas_of
from intake.boundaries.postcodes import Postcodes
from intake.control_room import RoomId, Service
from intake.location import CallerLocation
from intake.register import load_register
from intake.routing.decision import RoutingDecision
from intake.routing.projection import to_degrees
from intake.routing.router import RegionalRouter

CONFIG = Path(__file__).parents[2] / "config"


class Places(NamedTuple):
    """Points in grid metres, with the room that truly answers there for each service; None: not known."""

    name: str
    eastings: Any
    northings: Any
    truth: Mapping[Service, Sequence[str | None]]

    def sample(self, count: int, seed: int) -> Places:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(self.eastings))[:count])
        truth = {service: [rooms[one] for one in chosen] for service, rooms in self.truth.items()}
        return self._replace(eastings=self.eastings[chosen], northings=self.northings[chosen], truth=truth)


class Subject:
    """Asks the router. ``shift_m`` moves every question east; ``shuffle`` gives areas each other's rooms."""

    def __init__(self, *, shift_m: float = 0.0, shuffle: bool = False) -> None:
        self.router: RegionalRouter = load_register(CONFIG)
        self.shift_m = shift_m
        self._room_of = _rooms(self.router)
        if shuffle:
            answers = self.router._answers
            turned: Any = {service: (*rooms[100:], *rooms[:100]) for service, rooms in answers.items()}
            self.router._answers = turned

    def decide(
        self, places: Places, services: Sequence[Service], radius_m: float
    ) -> list[tuple[RoutingDecision, ...]]:
        """For each place a decision for each service."""
        latitudes, longitudes = to_degrees(places.eastings + self.shift_m, places.northings)
        fixes = [
            CallerLocation(latitude=latitude, longitude=longitude, uncertainty_m=radius_m)
            for latitude, longitude in zip(latitudes.tolist(), longitudes.tolist(), strict=True)
        ]
        return list(self.router.route_many(services, fixes))

    def truth(self, postcodes: Postcodes) -> dict[Service, list[str | None]]:
        """The right rooms of postcodes: by the district the directory gives them and the exceptions."""
        named = labels(postcodes, CONFIG / "boundaries" / EXCEPTIONS).tolist()
        return {service: [self._room_of[service].get(code) for code in named] for service in TERRITORIAL}

    def room_of(self, service: Service, code: str) -> str | None:
        return self._room_of[service].get(code)


def _rooms(router: RegionalRouter) -> dict[Service, dict[str, str]]:
    """The right room of each district, from the register alone."""
    found: dict[Service, dict[str, str]] = {}
    areas_of = read_areas_of(CONFIG / "boundaries", [])
    for service in TERRITORIAL:
        of_area: dict[str, RoomId] = {
            area: room.id for room in router.rooms.values() if service in room.services for area in room.areas
        }
        found[service] = {code: of_area[areas[service]] for code, areas in areas_of.items()}
    return found
