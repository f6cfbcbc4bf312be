"""Named multipolygons in one compact, byte-for-byte repeatable file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely

AREAS, INLAND, IRELAND, MANIFEST = "areas.npz", "inland.npz", "ireland.npz", "manifest.json"
GRAIN_M = 10
"""Coordinates are kept in whole multiples of this: far below what the borders themselves are good for."""


def save(path: Path, names: list[str], polygons: Any) -> None:
    """Write multipolygons in grid metres: differences between neighbouring points, deflated."""
    snapped = shapely.set_precision(polygons, GRAIN_M)
    multi = [shapely.MultiPolygon(_only_polygons(shape)) for shape in snapped]
    _, coordinates, offsets = shapely.to_ragged_array(multi)
    steps = np.diff(np.rint(coordinates / GRAIN_M).astype(np.int32), axis=0, prepend=0)
    np.savez_compressed(
        path,
        names=np.array(names),
        dx=_narrow(steps[:, 0]),
        dy=_narrow(steps[:, 1]),
        rings=offsets[0].astype(np.int32),
        polygons=offsets[1].astype(np.int32),
        shapes=offsets[2].astype(np.int32),
    )


def load(path: Path) -> tuple[list[str], Any]:
    """(names, array of multipolygons in grid metres). Raises OSError, ValueError or KeyError when damaged."""
    with np.load(path, allow_pickle=False) as stored:
        steps = np.stack([_widen(stored["dx"]), _widen(stored["dy"])], axis=1)
        coordinates = np.cumsum(steps, axis=0, dtype=np.int64).astype(np.float64) * GRAIN_M
        offsets = (stored["rings"], stored["polygons"], stored["shapes"])
        names = [str(name) for name in stored["names"]]
    shapes = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, coordinates, offsets)
    if len(names) != len(shapes):
        raise ValueError(f"{path.name}: {len(names)} names for {len(shapes)} shapes")
    return names, shapes


def _only_polygons(shape: Any) -> list[Any]:
    return [part for part in shapely.get_parts(shape, return_index=False) if part.geom_type == "Polygon"]


def _narrow(steps: Any) -> Any:
    """The low and the high bytes apart: the high ones are nearly all alike, and deflate to nothing."""
    return np.ascontiguousarray(steps.astype("<i4").view(np.uint8).reshape(-1, 4).T)


def _widen(planes: Any) -> Any:
    return np.ascontiguousarray(planes.T).view("<i4").reshape(-1)
