"""A place as a grid reference: it reads back as itself, and there is none where that grid does not reach."""

from __future__ import annotations

import pytest

from intake.locate.grid_out import grid_reference
from intake.locate.grid_reference import find_grid_references


@pytest.mark.parametrize(
    ("latitude", "longitude", "square"),
    [
        (53.7960, -1.5577, "SE"),  # Leeds
        (50.5790, -4.9580, "SW"),  # Padstow
        (49.9100, -6.3000, "SV"),  # Scilly
        (55.3100, -5.7900, "NR"),  # Kintyre
        (57.8000, -7.4000, "NF"),  # North Uist
        (54.1500, -4.4800, "SC"),  # Man
        (53.7440, -0.3325, "TA"),  # Hull
    ],
)
def test_a_place_reads_back_as_itself(latitude: float, longitude: float, square: str) -> None:
    said = grid_reference(latitude, longitude, 20)
    assert said.startswith(square + " ")
    (clue,) = find_grid_references(f"grid ref {said}")
    (place,) = clue.hypotheses
    assert (abs(place.latitude - latitude), abs(place.longitude - longitude)) < (2e-4, 3e-4)


def test_a_wide_circle_is_not_named_to_ten_metres() -> None:
    assert grid_reference(53.7960, -1.5577, 300) == "SE 292 333"
    assert grid_reference(53.7960, -1.5577, 50) == "SE 2923 3338"


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(54.597, -5.93), (55.3, -6.2), (51.9, -8.47), (48.0, 2.0), (95.0, 0.0), (float("nan"), 0.0), (0.0, 0.0)],
)
def test_elsewhere_there_is_none(latitude: float, longitude: float) -> None:
    assert grid_reference(latitude, longitude, 20) == ""
