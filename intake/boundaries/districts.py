"""Which service area each district belongs to: the CSV table, with the exceptions laid over it."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from intake.control_room import Service

DISTRICTS, EXCEPTIONS = "lad25_services.csv", "exceptions.toml"
TERRITORIAL = (Service.POLICE, Service.FIRE, Service.AMBULANCE)
"""Services that districts have an area of their own for; the coastguard is one national network."""

AreaOf = Mapping[str, Mapping[Service, str]]
"""Area by service, by the code of the map: ``E08000035``, ``E07000037:glossopdale`` or ``NI``."""

_COLUMNS = ["lad25", "police", "fire", "ambulance"]


class PostcodeException(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Postcode districts in which one service does not follow the local authority.

    ``districts`` are the authorities it is said of (none: all), since a postcode district may reach into
    another. ``source`` says who says so; the first maps had neither.
    """

    id: str
    postcodes: tuple[str, ...]
    districts: tuple[str, ...] = ()
    service: str
    area: str
    reason: str
    source: str = ""


def read_areas_of(folder: Path, problems: list[str]) -> AreaOf:
    """Read both files; whatever is wrong with them is added to ``problems``."""
    areas_of = _read_districts(folder / DISTRICTS, problems)
    known = {(service, area) for row in areas_of.values() for service, area in row.items()}
    for exception in read_exceptions(folder / EXCEPTIONS, problems):
        try:
            service = Service.from_word(exception.service)
        except ValueError as error:
            problems.append(f"{EXCEPTIONS}: {exception.id}: {error}")
            continue
        if (service, exception.area) not in known:
            problems.append(f"{EXCEPTIONS}: {exception.id}: unknown {service.word} area {exception.area!r}")
        for code in exception.districts or [code for code in areas_of if ":" not in code]:
            if code in areas_of:
                areas_of[f"{code}:{exception.id}"] = {**areas_of[code], service: exception.area}
            else:
                problems.append(f"{EXCEPTIONS}: {exception.id}: unknown district {code!r}")
    return areas_of


def read_exceptions(path: Path, problems: list[str]) -> list[PostcodeException]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(tables.get("exception", []), list[PostcodeException])
    except (OSError, ValueError) as error:
        problems.append(f"{path.name}: cannot be read: {error}")
        return []


def _read_districts(path: Path, problems: list[str]) -> dict[str, dict[Service, str]]:
    areas_of: dict[str, dict[Service, str]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames != _COLUMNS:
                problems.append(f"{path.name}: the columns must be {','.join(_COLUMNS)}")
                return {}
            for row in rows:
                code, words = row["lad25"], [row[service.word] for service in TERRITORIAL]
                if not all(words):
                    problems.append(f"{path.name} line {rows.line_num}: {code} lacks a service area")
                if code in areas_of:
                    problems.append(f"{path.name} line {rows.line_num}: {code} stands there twice")
                areas_of[code] = dict(zip(TERRITORIAL, words, strict=True))
    except (OSError, ValueError) as error:
        problems.append(f"{path.name}: cannot be read: {error}")
        return {}
    # The map holds Northern Ireland as one area: it has one service of each kind.
    northern = [row for code, row in areas_of.items() if code.startswith("N")]
    if any(row != northern[0] for row in northern):
        problems.append(
            f"{path.name}: the districts of Northern Ireland (N…) must all have the same services"
        )
    return areas_of | {"NI": northern[0]} if northern else areas_of
