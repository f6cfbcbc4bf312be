"""`make accuracy` in small: it passes on the map as it is, and a spoilt map is found out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def accuracy(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The quick form: no fetched package, a small sample."""
    return subprocess.run(
        [sys.executable, "-m", "accuracy", "--quick", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
    )


def test_a_small_sample_meets_its_aims() -> None:
    done = accuracy("--sample", "2000")
    assert done.returncode == 0, done.stdout + done.stderr
    for said in (
        "held-out postcodes",
        "moved to held-out",
        "candidates",
        "95 % circle",
        "from a force's border",
    ):
        assert said in done.stdout


@pytest.mark.parametrize("spoilt", [("--shift-m", "2000"), ("--shuffle",)], ids=["shifted", "shuffled"])
def test_a_spoilt_map_is_found_out(spoilt: tuple[str, ...]) -> None:
    done = accuracy("--sample", "500", *spoilt)
    assert done.returncode == 1
    assert "SPOILT ON PURPOSE" in done.stdout
    assert "missed: held-out postcodes: police" in done.stderr
