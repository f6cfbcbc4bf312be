"""The shapes in which a place is stated (RFC 5491 §5.2), and how a doubt scales (RFC 7459 §5.4). Pure.

Degrees are WGS84, latitude before longitude; axes and radii are metres; bearings are degrees clockwise
from true north.
"""

from __future__ import annotations

import math
from enum import StrEnum
from statistics import NormalDist

import msgspec


class Pdf(StrEnum):
    """How probable each part of a region is, as its sender states it (RFC 7459 §4.1)."""

    UNKNOWN = "unknown"
    NORMAL = "normal"
    RECTANGULAR = "rectangular"


class Point(msgspec.Struct, frozen=True, tag="point"):
    """A place without a stated doubt, which is not a place without doubt (RFC 7459 §3.2)."""


class Circle(msgspec.Struct, frozen=True, kw_only=True, tag="circle"):
    """Around the hypothesis's own centre; ``is_sphere`` where the height is meant as well."""

    radius_m: float
    is_sphere: bool = False


class Ellipse(msgspec.Struct, frozen=True, kw_only=True, tag="ellipse"):
    """Around the hypothesis's own centre; an ellipsoid where it has a ``vertical_m``.

    ``orientation_deg`` is the bearing of the semi-major axis.
    """

    semi_major_m: float
    semi_minor_m: float
    orientation_deg: float = 0.0
    vertical_m: float | None = None


class Polygon(msgspec.Struct, frozen=True, kw_only=True, tag="polygon"):
    """Corners as (latitude, longitude), counter-clockwise, not closed; with ``height_m`` a prism."""

    corners: tuple[tuple[float, float], ...]
    height_m: float | None = None


class ArcBand(msgspec.Struct, frozen=True, kw_only=True, tag="arc_band"):
    """What a cell mast knows by timing advance: between two radii of the mast, which is not in the band."""

    latitude: float
    longitude: float
    inner_radius_m: float
    outer_radius_m: float
    start_deg: float
    opening_deg: float


Shape = Point | Circle | Ellipse | Polygon | ArcBand


def axes_of(shape: Shape | None) -> int:
    """3 for a volume (sphere, ellipsoid, prism), else 2: over how many axes a confidence is spread."""
    match shape:
        case Circle(is_sphere=True):
            return 3
        case Ellipse() if shape.vertical_m is not None:
            return 3
        case Polygon() if shape.height_m is not None:
            return 3
    return 2


def can_scale(confidence_pct: float) -> bool:
    """False for what says nothing: 0 and 100 %, and numbers that are none (RFC 7459 §4.1, §5.4).

    Nearer to 0 or 100 than this the inverse error function has no digits left.
    """
    return 0.01 <= confidence_pct <= 99.9999


def normal_factor(from_pct: float, to_pct: float, *, from_axes: int = 2, to_axes: int | None = None) -> float:
    """What a doubt is multiplied by between two confidences of a normal distribution (RFC 7459 §5.4.2).

    ``erfinv(Cd^(1/n)) / erfinv(Co^(1/n))``: 68 → 95 % is ×1.6504 in two dimensions; in one it is ×1.97,
    which is the classic mistake for a radius. ``to_axes`` drops axes on the way (§5.3), for a sphere
    that becomes a circle. 1 where either cannot be scaled.
    """
    if not (can_scale(from_pct) and can_scale(to_pct)):
        return 1.0
    to_axes = from_axes if to_axes is None else to_axes
    if (from_pct, from_axes) == (to_pct, to_axes):
        return 1.0
    return _erfinv((to_pct / 100) ** (1 / to_axes)) / _erfinv((from_pct / 100) ** (1 / from_axes))


def scale_m(
    radius_m: float,
    from_pct: float,
    to_pct: float,
    pdf: Pdf = Pdf.NORMAL,
    *,
    from_axes: int = 2,
    to_axes: int = 2,
) -> float:
    """A radius at another confidence, as far as its distribution lets one be told.

    A normal one scales both ways. A rectangular one shrinks with its area (§5.4.1, ``Cr = Co·Ur/Uo``),
    an unknown one never shrinks (§5.4). Growing, both follow the normal law, because too small a
    circle is the worse mistake: a guess to act on, and never stated to others as a confidence
    (§5.4: expanded "only if confidence is not increased").
    """
    factor = normal_factor(from_pct, to_pct, from_axes=from_axes, to_axes=to_axes)
    if pdf is Pdf.NORMAL or factor > 1.0:
        return radius_m * factor
    if pdf is Pdf.RECTANGULAR and can_scale(from_pct) and can_scale(to_pct) and to_pct < from_pct:
        return radius_m * math.sqrt(to_pct / from_pct)
    return radius_m


def _erfinv(y: float) -> float:
    return NormalDist().inv_cdf((y + 1) / 2) / math.sqrt(2)
