"""Where every postcode of Great Britain is: one memory-mapped file of sorted integers, and its look-ups."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from intake.errors import IntakeError

ATTRIBUTION = (
    "Contains OS data © Crown copyright and database right 2025. Contains Royal Mail data © Royal Mail "
    "copyright and database right 2025. Source: Office for National Statistics licensed under the Open "
    "Government Licence v3.0."
)
FILE_NAME = "postcodes.npy"
MANIFEST_NAME = "postcodes.json"
LAYOUT = 1
"""Raised whenever the meaning of the file changes, so that an old one is built again."""

_INWARD_KEYS = 6_760
_SECTOR_KEYS = 676
_OUTWARD = re.compile(r"([A-Z])([A-Z]?)(\d)([A-Z\d]?)")

NEIGHBOURS = 6
UNIT_FLOOR_M = 75.0
"""Radius of a unit postcode at 95 %: as far as its sixth neighbour, and never less than this.

The data give one point of a postcode, not its extent. A disc that reaches the sixth neighbour
covers the ground of about six postcodes, which allows for long rural roads. It is our estimate."""


class PostcodesMissing(IntakeError):
    """There is no usable postcode file; the text names the command that makes it."""

    code: ClassVar[str] = "postcodes_missing"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the file was built from; written last, so a manifest vouches for a whole file."""

    layout: int
    package: str
    package_version: str
    rows: int
    attribution: str = ATTRIBUTION


class GridCircle(NamedTuple):
    """A circle in OSGB36 metres at 95 %."""

    easting_m: float
    northing_m: float
    radius_m: float


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """``INTAKE_DATA_DIR``, or ``var/data`` below the working directory."""
    return Path(environ.get("INTAKE_DATA_DIR") or "var/data")


def outward_key(outward: str) -> int | None:
    """The integer for ``LS1`` or ``SW1A``; None for what cannot be an outward code."""
    match = _OUTWARD.fullmatch(outward)
    if match is None:
        return None
    first, second, digit, last = match.groups()
    area = (ord(first) - 65) * 27 + (ord(second) - 64 if second else 0)
    suffix = 0 if not last else int(last) + 1 if last.isdigit() else ord(last) - 54
    return ((area * 10 + int(digit)) * 37 + suffix) * _INWARD_KEYS


def inward_key(inward: str) -> int:
    """The integer for ``4AP``."""
    return int(inward[0]) * _SECTOR_KEYS + (ord(inward[1]) - 65) * 26 + (ord(inward[2]) - 65)


class PostcodeFile:
    """Rows of (key, easting, northing), sorted by key; read in place, so opening costs milliseconds."""

    def __init__(self, rows: npt.NDArray[np.int32]):
        self._keys, self._east, self._north = rows

    @classmethod
    def open(cls, folder: Path) -> PostcodeFile:
        """Map the file in ``folder``. Raises PostcodesMissing when absent, torn or of another layout."""
        try:
            manifest = msgspec.json.decode((folder / MANIFEST_NAME).read_bytes(), type=Manifest)
            rows = np.load(folder / FILE_NAME, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError, msgspec.MsgspecError) as error:
            raise PostcodesMissing(
                f"no usable postcode file in {folder} ({error}): run `intake data`"
            ) from error
        if manifest.layout != LAYOUT or rows.dtype != np.int32 or rows.shape != (3, manifest.rows):
            raise PostcodesMissing(f"the postcode file in {folder} is not of this version: run `intake data`")
        return cls(np.asarray(rows))

    def __len__(self) -> int:
        return len(self._keys)

    def unit(self, outward: str, inward: str) -> GridCircle | None:
        """The circle of one unit postcode, or None when there is no such postcode."""
        base = outward_key(outward)
        if base is None:
            return None
        key = base + inward_key(inward)
        row = self._row(key)
        if row >= len(self._keys) or int(self._keys[row]) != key:
            return None
        easting, northing = float(self._east[row]), float(self._north[row])
        sector = base + int(inward[0]) * _SECTOR_KEYS
        for low, width in ((sector, _SECTOR_KEYS), (base, _INWARD_KEYS)):
            distances = self._distances_m(low, width, easting, northing)
            distances = distances[distances > 1.0]  # several postcodes stand on one sorting office
            if len(distances) >= NEIGHBOURS:
                reach_m = float(np.partition(distances, NEIGHBOURS - 1)[NEIGHBOURS - 1])
                return GridCircle(easting, northing, max(UNIT_FLOOR_M, reach_m))
        # A district with hardly a neighbour: a large user's own, or an island.
        reach_m = float(distances.max()) if len(distances) else 0.0
        return GridCircle(easting, northing, max(1_000.0, reach_m))

    def sector(self, outward: str, inward_digit: str) -> GridCircle | None:
        """The circle that holds 95 % of the postcodes beginning ``LS1 4``."""
        base = outward_key(outward)
        return None if base is None else self._spread(base + int(inward_digit) * _SECTOR_KEYS, _SECTOR_KEYS)

    def district(self, outward: str) -> GridCircle | None:
        """The circle that holds 95 % of the postcodes beginning ``LS1``."""
        base = outward_key(outward)
        return None if base is None else self._spread(base, _INWARD_KEYS)

    def _row(self, key: int) -> int:
        # As int32: another type would make numpy copy the whole file to compare.
        return int(np.searchsorted(self._keys, np.int32(key)))

    def _distances_m(
        self, low: int, width: int, easting_m: float, northing_m: float
    ) -> npt.NDArray[np.float64]:
        rows = slice(self._row(low), self._row(low + width))
        distances: npt.NDArray[np.float64] = np.hypot(
            self._east[rows] - easting_m, self._north[rows] - northing_m
        )
        return distances

    def _spread(self, low: int, width: int) -> GridCircle | None:
        rows = slice(self._row(low), self._row(low + width))
        east, north = self._east[rows], self._north[rows]
        if not len(east):
            return None
        easting, northing = float(np.median(east)), float(np.median(north))
        distances = self._distances_m(low, width, easting, northing)
        return GridCircle(easting, northing, max(500.0, float(np.percentile(distances, 95, method="higher"))))
