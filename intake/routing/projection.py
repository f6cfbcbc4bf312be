"""WGS84 degrees to British National Grid metres (EPSG:27700), for single points and for arrays."""

from __future__ import annotations

from typing import Any

import pyproj

# EPSG:1314 written out (seven-parameter Helmert, within 5 m of the survey's OSTN15 grid): unlike
# from_crs, its answer does not depend on which grid files or databases a machine happens to have.
_PIPELINE = (
    "+proj=pipeline +step +proj=axisswap +order=2,1 +step +proj=unitconvert +xy_in=deg +xy_out=rad "
    "+step +proj=push +v_3 +step +proj=cart +ellps=WGS84 "
    "+step +inv +proj=helmert +x=446.448 +y=-125.157 +z=542.06 +rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 "
    "+convention=position_vector +step +inv +proj=cart +ellps=airy +step +proj=pop +v_3 "
    "+step +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy"
)
_TRANSFORMER = pyproj.Transformer.from_pipeline(_PIPELINE)


def to_grid(latitude: Any, longitude: Any) -> tuple[Any, Any]:
    """(easting, northing) in metres for latitude and longitude in degrees; scalars or arrays alike.

    Measured at 1.1 µs a point. Values that cannot be projected come back as ``inf`` or ``nan``.
    """
    return _TRANSFORMER.transform(latitude, longitude)


def to_degrees(easting: Any, northing: Any) -> tuple[Any, Any]:
    """(latitude, longitude) in WGS84 degrees for grid metres; scalars or arrays alike."""
    return _TRANSFORMER.transform(easting, northing, direction="INVERSE")
