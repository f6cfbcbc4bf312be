"""How far a point is from the nearest border between two rooms of a service, on the map itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from accuracy.subject import CONFIG, Subject

from intake.boundaries import shapes
from intake.control_room import Service

BANDS_M = (0, 100, 250, 500, 1_000, 2_000, 5_000)


class Borders:
    """Every stretch of outline that two areas of different rooms share."""

    def __init__(self, subject: Subject, service: Service) -> None:
        names, areas = shapes.load(CONFIG / "boundaries" / "areas.npz")
        rooms = [subject.room_of(service, name) or name for name in names]
        number = {room: index for index, room in enumerate(sorted(set(rooms)))}
        edges: list[Any] = []
        for room, area in zip(rooms, areas, strict=True):
            for ring in shapely.get_rings(shapely.get_parts(area)):
                points = np.rint(shapely.get_coordinates(ring)).astype(np.int64)
                pairs = np.concatenate([points[:-1], points[1:]], axis=1)
                backwards = (pairs[:, 0] > pairs[:, 2]) | (
                    (pairs[:, 0] == pairs[:, 2]) & (pairs[:, 1] > pairs[:, 3])
                )
                pairs[backwards] = pairs[backwards][:, [2, 3, 0, 1]]
                edges.append(np.column_stack([pairs, np.full(len(pairs), number[room])]))
        found = np.concatenate(edges)
        found = found[np.lexsort(found.T[::-1])]
        same = np.all(found[1:, :4] == found[:-1, :4], axis=1) & (found[1:, 4] != found[:-1, 4])
        lines = shapely.linestrings(found[1:][same][:, :4].reshape(-1, 2, 2).astype(float))
        self._tree = shapely.STRtree(lines)

    def away_m(self, eastings: Any, northings: Any) -> Any:
        """Metres from each point to the nearest border."""
        points = shapely.points(eastings, northings)
        _, distances = self._tree.query_nearest(points, all_matches=False, return_distance=True)
        return distances

    def __len__(self) -> int:
        return len(self._tree)


def bands(away_m: Any) -> list[tuple[str, Any]]:
    """(words, which points) for each band of distance."""
    found = []
    for low, high in zip(BANDS_M, (*BANDS_M[1:], np.inf), strict=True):
        words = f"{low:,}–{high:,.0f} m" if np.isfinite(high) else f"beyond {low:,} m"
        found.append((words, (away_m >= low) & (away_m < high)))
    return found
