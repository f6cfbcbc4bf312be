"""One hypothesis of where a caller or an incident is, with its doubt, and the words that told it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from intake.shapes import Pdf, Shape, axes_of, scale_m

STATED_CONFIDENCE_PCT = 95.0
"""Every radius shown to a person or used for routing is scaled to this (RFC 7459 §2.3)."""


class LocationMethod(StrEnum):
    """How the position was found: PIDF-LO ``method`` tokens (IANA registry) and ours for text."""

    GNSS = "gps"
    WIFI = "802.11"
    CELL = "cell"
    FUSED = "device-assisted"
    MANUAL = "manual"
    DERIVED = "derived"
    UNKNOWN = "unknown"


class LocationSource(StrEnum):
    """Who says so. Told apart because a typed postcode and a satellite fix fail differently."""

    DEVICE = "device"
    AML = "aml"
    CHAT_PIN = "chat_pin"
    CHAT_LIVE = "chat_live"
    TEXT_POSTCODE = "text_postcode"
    TEXT_OUTCODE = "text_outcode"
    TEXT_GRID = "text_grid"
    TEXT_LATLON = "text_latlon"
    TEXT_PLUSCODE = "text_pluscode"
    TEXT_W3W = "text_w3w"
    TEXT_PLACE = "text_place"
    TEXT_ROAD = "text_road"
    TEXT_ADDRESS = "text_address"
    LINK = "link"
    LINK_LIVE = "link_live"
    HANDLER = "handler"


class Whose(StrEnum):
    """Whose place it is: people call about fires across the valley, and about parents in other towns."""

    CALLER = "caller"
    INCIDENT = "incident"
    UNSAID = ""


class CallerLocation(msgspec.Struct, frozen=True, kw_only=True):
    """A circle on WGS84: latitude before longitude, degrees; uncertainty is a radius in metres.

    ``confidence_pct`` is the probability that the truth lies within ``uncertainty_m``, ``pdf`` how it
    is spread there. Where something else than a circle was stated, ``shape`` is that, with the same
    confidence; the circle is then the one around its centroid that holds it all (RFC 7459 §5.2).
    ``positioned_at`` is when the fix was taken, not when it arrived. ``clue`` is the text it came
    from with ``clue_start``/``clue_end`` as offsets into the message. Hypotheses are appended,
    never overwritten (law 14).
    """

    latitude: float
    longitude: float
    uncertainty_m: float
    confidence_pct: float = STATED_CONFIDENCE_PCT
    method: LocationMethod = LocationMethod.UNKNOWN
    source: LocationSource = LocationSource.DEVICE
    positioned_at: datetime | None = None
    altitude_m: float | None = None
    clue: str | None = None
    clue_start: int | None = None
    clue_end: int | None = None
    note: str | None = None
    whose: Whose = Whose.UNSAID
    pdf: Pdf = Pdf.UNKNOWN
    shape: Shape | None = None

    def radius_m(self, confidence_pct: float = STATED_CONFIDENCE_PCT) -> float:
        """The radius in metres to act on for the given confidence; see `intake.shapes.scale_m`."""
        return scale_m(
            self.uncertainty_m,
            self.confidence_pct,
            confidence_pct,
            self.pdf,
            from_axes=axes_of(self.shape),
        )


class ClueKind(StrEnum):
    """What in a text may tell a place."""

    POSTCODE = "postcode"
    OUTCODE = "outcode"
    OS_GRID = "os_grid"
    IRISH_GRID = "irish_grid"
    LATLON = "latlon"
    MAP_LINK = "map_link"
    PLUS_CODE = "plus_code"
    WHAT3WORDS = "what3words"
    PLACE_NAME = "place_name"
    JUNCTION = "junction"
    ROAD = "road"
    MARKER_POST = "marker_post"
    ADDRESS = "address"


class Clue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words that tell a place, ``text[start:end]``, and the places they may mean: none, one or several.

    A clue without a place is kept and shown all the same. ``is_negated`` clues ("not in Leeds any
    more") give no hypothesis. Of an ambiguous one ``options`` names the places ("Newport, Gwent") that
    the ready question "Which Newport?" offers. ``note`` says in words what is to be known of it.
    """

    kind: ClueKind
    words: str
    start: int
    end: int
    hypotheses: tuple[CallerLocation, ...] = ()
    whose: Whose = Whose.UNSAID
    is_negated: bool = False
    options: tuple[str, ...] = ()
    note: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """All the clues of one text, in the order of their words."""

    clues: tuple[Clue, ...] = ()

    @property
    def places(self) -> tuple[CallerLocation, ...]:
        """Every hypothesis once, without those of negated clues."""
        found: dict[tuple[str, float, float], CallerLocation] = {}
        for clue in self.clues:
            for place in () if clue.is_negated else clue.hypotheses:
                found.setdefault((place.source, place.latitude, place.longitude), place)
        return tuple(found.values())


def scale_radius_m(radius_m: float, from_pct: float, to_pct: float) -> float:
    """Scale a two-dimensional radius of a normal distribution between confidences (RFC 7459 §5.4.2).

    A confidence of 0 or 100 cannot be scaled: 100 % stays as it is, and 0 % is taken as *unknown*,
    which counts as 95 % so as not to shrink.
    """
    return scale_m(radius_m, from_pct, to_pct)
