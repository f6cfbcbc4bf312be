"""Other countries on and about the map: whose emergency route the caller needs there."""

from __future__ import annotations

import msgspec

ELSEWHERE = "elsewhere"
"""The entry for every place beyond the map."""

ABROAD = {
    "IE": ("ireland", "Ireland"),
    "IM": ("isle-of-man", "the Isle of Man"),
    "JE": ("jersey", "Jersey"),
    "GG": ("guernsey", "the Bailiwick of Guernsey"),
    "FR": ("continent", "France"),
    "BE": ("continent", "Belgium"),
    "EU": ("continent", "continental Europe"),
}
"""Areas of the map that no UK room answers for: the word a rule of the route policy uses, and the name as
it stands after "in". The first maps had the Continent as one area, ``EU``."""


class Neighbour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[neighbour]]`` of ``config/neighbours.toml``: its area of the map, the numbers dialled there,
    and what to tell a caller who is there, in two languages. ``name_cy`` carries its preposition."""

    code: str
    name_cy: str
    numbers: tuple[str, ...]
    advice_en: str
    advice_cy: str
    reviewed: bool = False
