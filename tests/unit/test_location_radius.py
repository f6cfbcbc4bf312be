"""RFC 7459's own figures for the two-dimensional radius."""

from __future__ import annotations

import pytest

from intake.location import CallerLocation, scale_radius_m


@pytest.mark.parametrize(
    ("from_pct", "to_pct", "factor"), [(68, 95, 1.6504), (67, 95, 1.6737), (95, 68, 0.6059)]
)
def test_a_radius_scales_by_the_two_dimensional_factor(from_pct: float, to_pct: float, factor: float) -> None:
    assert scale_radius_m(100, from_pct, to_pct) == pytest.approx(100 * factor, abs=0.01)


def test_the_one_dimensional_factor_is_not_used() -> None:
    assert scale_radius_m(100, 68, 95) < 170  # 197 would be the classic mistake


@pytest.mark.parametrize("unknown_pct", [0, 100, -3, 250])
def test_a_confidence_that_cannot_be_scaled_leaves_the_radius(unknown_pct: float) -> None:
    place = CallerLocation(latitude=51.5, longitude=-3.2, uncertainty_m=14, confidence_pct=unknown_pct)
    assert place.radius_m() == 14
