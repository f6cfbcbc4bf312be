"""What a restart loads before its doors are open: callers wait for every import."""

from __future__ import annotations

import subprocess
import sys

import pytest

LATER = ("numpy", "shapely", "pyproj", "lxml", "geopy", "alembic")
"""Maps, schemas and searches: loaded behind open doors (DECISIONS 9)."""


@pytest.mark.parametrize("module", ["intake.app", "intake.store.committing"])
def test_the_doors_and_the_writer_start_without_maps(module: str) -> None:
    program = f"import sys, {module}; print([name for name in {LATER} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_check_can_fail() -> None:
    program = f"import sys, intake.routing.areas; print([name for name in {LATER} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "numpy" in done.stdout
