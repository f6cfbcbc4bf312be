"""The nation or English region of the room a contact was routed to; coarse on purpose."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

from intake.control_room import Service

UNKNOWN = "unknown"


@cache
def region_of_room() -> Mapping[str, str]:
    """Room id → region, from ``regions.csv``: one row for each service and area of the register.

    Every police force and fire service lies within one region. Two districts (North and North East
    Lincolnshire) belong to an ambulance service of the region beside theirs, and count there.
    """
    text = resources.files(__package__).joinpath("regions.csv").read_text("utf-8")
    return {
        f"{row['service']}-{row['area'].removeprefix(row['service'] + '-')}": row["region"]
        for row in csv.DictReader(text.splitlines())
    }


def regions() -> tuple[str, ...]:
    """Every region there is, and ``unknown``."""
    return (*sorted(set(region_of_room().values())), UNKNOWN)


def region_of(room_id: str | None) -> str:
    """``unknown`` for the national default, the coastguard's one network, and what is not routed."""
    return region_of_room().get(room_id or "", UNKNOWN)


def is_territorial(service: str) -> bool:
    """Whether a service's rooms say where in the country a contact was."""
    return service in (Service.POLICE, Service.FIRE, Service.AMBULANCE)
