"""The paths of the place panel: part of the one table of the console's paths."""

from __future__ import annotations

from intake.console.api import areas, places, tiles
from intake.console.roles import Right
from intake.console.routes import Route, route

V1 = "/api/v1"

PLACES: tuple[Route, ...] = (
    # The ground is the same for everybody: only where a contact is asked for is somebody seen.
    route("GET", f"{V1}/map", areas.about, Right.READ),
    route("GET", f"{V1}/areas", areas.show, Right.READ),
    route("GET", rf"{V1}/tiles/{{z:\d{{1,2}}}}/{{x:\d{{1,6}}}}/{{y:\d{{1,6}}}}", tiles.show, Right.READ),
    # A question that changes nothing; POST keeps what is typed out of addresses and logs.
    route("POST", f"{V1}/places/read", places.read_text, Right.READ),
)
