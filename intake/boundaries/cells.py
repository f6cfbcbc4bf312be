"""From postcodes to areas: the ground nearest to each district's postcodes, as one coverage."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from intake.boundaries.postcodes import Postcodes

_SHEET = (-300_000.0, -200_000.0, 900_000.0, 1_400_000.0)
SIMPLIFY_M = 50.0


def dissolve(postcodes: Postcodes, labels: Any) -> tuple[list[str], Any]:
    """(labels, polygons): every point of the ground belongs to the label of its nearest postcode.

    A Voronoi diagram of all positions, dissolved by label, simplified so that neighbours keep one
    shared border. Where postcodes share a position the first label in sorted order wins.
    """
    positions = np.stack([postcodes.eastings, postcodes.northings], axis=1)
    order = np.lexsort((labels, positions[:, 1], positions[:, 0]))
    positions, labels = positions[order], labels[order]
    first = np.ones(len(positions), dtype=bool)
    first[1:] = np.any(positions[1:] != positions[:-1], axis=1)
    positions, labels = positions[first], labels[first]
    diagram = shapely.voronoi_polygons(
        shapely.multipoints(positions), ordered=True, extend_to=shapely.box(*_SHEET)
    )
    parts = shapely.get_parts(diagram)
    names, index = np.unique(labels, return_inverse=True)
    by_name = np.argsort(index, kind="stable")
    cuts = np.searchsorted(index[by_name], np.arange(len(names) + 1))
    areas = [shapely.coverage_union_all(parts[by_name[start:end]]) for start, end in pairwise(cuts)]
    return [str(name) for name in names], shapely.coverage_simplify(np.array(areas), SIMPLIFY_M)
