"""The postcode file, built once a test run from the installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.locate import postcode_build


def built_once(factory: pytest.TempPathFactory) -> Path:
    """The folder that holds it; whoever asks first waits for the build."""
    folder = factory.getbasetemp() / "postcode-data"
    if postcode_build.up_to_date(folder) is None:
        postcode_build.build(folder)
    return folder
