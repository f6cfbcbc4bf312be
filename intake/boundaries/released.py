"""Each released map by its version: the present one, and older ones kept to replay decisions by."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from intake.boundaries import shapes
from intake.boundaries.districts import DISTRICTS, EXCEPTIONS
from intake.boundaries.shapes import AREAS, INLAND, IRELAND, MANIFEST
from intake.errors import NotFound
from intake.routing.areas import AreaMap

ARCHIVE = "archive"
MAP_FILES = (AREAS, INLAND, DISTRICTS, EXCEPTIONS, IRELAND)
"""What a version is the fingerprint of, in this order; the first maps had no file of Ireland's own."""


def read_map(folder: Path, problems: list[str]) -> AreaMap | None:
    """The map in ``folder``, or None with what is wrong with it added to ``problems``."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=dict[str, Any])
        pinned: dict[str, str] = manifest["sha256"]
        for name in _files(folder):
            content = (folder / name).read_bytes()
            if pinned.get(name) not in (None, hashlib.sha256(content).hexdigest()):
                problems.append(
                    f"{folder.name}/{name} is not the file its manifest describes: run `make boundaries`"
                )
                return None
        missing = [name for name in pinned if name not in _files(folder)]
        if missing:
            problems.append(f"{folder.name}/{missing[0]} is missing: run `make boundaries`")
            return None
        codes, polygons = shapes.load(folder / AREAS)
        if IRELAND in pinned:
            more, outlines = shapes.load(folder / IRELAND)
            codes, polygons = [*codes, *more], np.concatenate([polygons, outlines])
        _, inland = shapes.load(folder / INLAND)
        return AreaMap(codes, polygons, inland[0], version_of(folder))
    except (OSError, ValueError, KeyError, msgspec.MsgspecError) as error:
        problems.append(f"{folder.name}: the map cannot be read ({error}): run `make boundaries`")
        return None


def version_of(folder: Path) -> str:
    """Edition and fingerprint of the map in ``folder``; raises OSError, KeyError or msgspec's errors."""
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=dict[str, Any])
    fingerprint = hashlib.sha256()
    for name in _files(folder):
        fingerprint.update((folder / name).read_bytes())
    return f"{manifest['edition']}.{fingerprint.hexdigest()[:8]}"


def folder_of(boundaries: Path, version: str) -> Path:
    """Where the files of ``version`` are: the folder itself or one of its archive. Raises NotFound.

    The version is computed from the files found, never believed from a name.
    """
    for folder in (boundaries, boundaries / ARCHIVE / Path(version).name):
        try:
            if version_of(folder) == version:
                return folder
        except (OSError, KeyError, msgspec.MsgspecError):
            continue
    raise NotFound(f"the map {version!r} is neither the present one nor in {boundaries / ARCHIVE}")


def load_version(boundaries: Path, version: str) -> AreaMap:
    """The map of this version, as it was when it decided. Raises NotFound when it was not kept whole."""
    problems: list[str] = []
    area_map = read_map(folder_of(boundaries, version), problems)
    if area_map is None:
        raise NotFound(f"the map {version!r} cannot be read: {'; '.join(problems)}")
    return area_map


def versions(boundaries: Path) -> list[str]:
    """Every version that can be loaded: the present one first, then the archive's by name."""
    kept = sorted((boundaries / ARCHIVE).glob("*")) if (boundaries / ARCHIVE).is_dir() else []
    return list(dict.fromkeys([version_of(boundaries), *(version_of(folder) for folder in kept)]))


def forget_present(boundaries: Path) -> None:
    """Drop the archive's copy of the present version: a map that was built again unchanged."""
    copy = boundaries / ARCHIVE / version_of(boundaries)
    if copy.is_dir():
        shutil.rmtree(copy)


def keep(boundaries: Path) -> Path:
    """Copy the present version into the archive, unless it is there; returns its folder."""
    version = version_of(boundaries)
    target = boundaries / ARCHIVE / version
    if target.is_dir() and version_of(target) == version:
        return target
    target.mkdir(parents=True, exist_ok=True)
    for name in (*_files(boundaries), MANIFEST):
        shutil.copyfile(boundaries / name, target / name)
    return target


def _files(folder: Path) -> list[str]:
    return [name for name in MAP_FILES if (folder / name).exists() or name != IRELAND]
