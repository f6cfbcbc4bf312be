"""The desk's pure modules, run by Node: each file of tests/front is one test here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests" / "front").glob("*.test.mjs"))


def node() -> str:
    """Node as it is installed, or as `make setup` put it beside Python."""
    found = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "bin"))
    if found is None:
        pytest.fail("no Node on this machine: `make setup` brings one")
    return found


def test_there_are_tests_to_run() -> None:
    assert len(FILES) >= 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_module(path: Path) -> None:
    done = subprocess.run(
        [node(), "--test", "--test-reporter=tap", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
    # A file in which nothing ran passes as well.
    assert "\n# pass 0\n" not in done.stdout, done.stdout
