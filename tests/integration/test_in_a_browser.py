"""The pages in a real browser, in a process of their own: see tests/e2e/conftest.py."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.timeout(300)
def test_the_public_pages_in_a_real_browser() -> None:
    command = (sys.executable, "-m", "pytest", "-q", "--no-header", "tests/e2e")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    # None of them may be left out unseen.
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None and int(passed[1]) >= 20 and "skipped" not in said, said
