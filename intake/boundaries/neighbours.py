"""Reads config/neighbours.toml: every area abroad must have its entry, and no advice may be empty."""

from __future__ import annotations

from pathlib import Path

import msgspec

from intake.routing.abroad import ABROAD, ELSEWHERE, Neighbour
from intake.settings_table import read_toml

NEIGHBOURS = "neighbours.toml"
_CODES = (*ABROAD, ELSEWHERE)
_NUMBERS = frozenset({"112", "999"})
"""What may be said to be dialled: no other telephone number is public knowledge enough to stand here."""


def read_neighbours(path: Path, problems: list[str]) -> dict[str, Neighbour]:
    """The entries by code; whatever is wrong with the file is added to ``problems``."""
    found: dict[str, Neighbour] = {}
    for table in (read_toml(path, problems) or {}).get("neighbour", []):
        label = table.get("code", "without a code")
        try:
            neighbour = msgspec.convert(table, Neighbour)
        except msgspec.ValidationError as error:
            problems.append(f"{path.name}: neighbour {label}: {error}")
            continue
        problems.extend(f"{path.name}: neighbour {label}: {problem}" for problem in _wrong(neighbour))
        if neighbour.code in found:
            problems.append(f"{path.name}: neighbour {label} stands there twice")
        found[neighbour.code] = neighbour
    problems.extend(f"{path.name}: no neighbour {code}" for code in _CODES if code not in found)
    return found


def _wrong(neighbour: Neighbour) -> list[str]:
    found = []
    if neighbour.code not in _CODES:
        found.append("the map has no such area")
    if not neighbour.numbers or not set(neighbour.numbers) <= _NUMBERS:
        found.append(f"numbers must be of {', '.join(sorted(_NUMBERS))}")
    for language in ("en", "cy"):
        advice: str = getattr(neighbour, f"advice_{language}")
        if not all(number in advice for number in neighbour.numbers):
            found.append(f"advice_{language} does not name {' and '.join(neighbour.numbers)}")
    return found
