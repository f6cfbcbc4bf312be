"""Whose work this program stands on: read from what is installed, so that the page cannot fall behind."""

from __future__ import annotations

import asyncio
import importlib.metadata as installed
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from intake.console.desk import PERSON
from intake.console.pages.shells import SHELLS
from intake.console.roles import Right
from intake.console.routes import Route, route

OURS = "national-intake"
TEXT_BYTES = 200_000
_TEXT = re.compile(r"(?:licen[cs]e|copying|notice)[^/]*", re.IGNORECASE)
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[([^]]*)\])?")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """One package as it is installed. ``licence`` is empty where its metadata does not say; ``texts`` are
    the files in which it does."""

    name: str
    version: str
    licence: str
    kind: str
    texts: tuple[Path, ...] = ()

    @property
    def key(self) -> str:
        """What its page of licence texts is called."""
        return f"{self.kind}/{normal(self.name)}"


def normal(name: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def packages(libraries_dir: Path) -> Mapping[str, Package]:
    """By key: what the pages load, then what the server runs on, each by name."""
    found = [*_of_pages(libraries_dir), *sorted(_of_server(), key=lambda one: one.name.lower())]
    return {one.key: one for one in found}


def licence_routes(libraries_dir: Path) -> tuple[Route, ...]:
    async def page(request: web.Request) -> web.Response:
        listed = await asyncio.to_thread(packages, libraries_dir)
        return request.app[SHELLS].page(
            request, "licences", request.get(PERSON), packages=list(listed.values())
        )

    async def text(request: web.Request) -> web.Response:
        listed = await asyncio.to_thread(packages, libraries_dir)
        one = listed.get(f"{request.match_info['kind']}/{normal(request.match_info['name'])}")
        if one is None or not one.texts:
            return web.Response(status=404, text="no licence text of that name is installed\n")
        return web.Response(text=await asyncio.to_thread(_read, one.texts))

    return (
        route("GET", "/licences", page, Right.OPEN),
        route("GET", "/licences/{kind}/{name}", text, Right.OPEN),
    )


def _of_pages(folder: Path) -> Iterator[Package]:
    """The npm packages that pages may load."""
    for path in sorted(folder.glob("*/package.json")):
        said: dict[str, Any] = msgspec.json.decode(path.read_bytes())
        yield Package(
            name=str(said.get("name", path.parent.name)),
            version=str(said.get("version", "")),
            licence=str(said.get("license", "")),
            kind="npm",
            texts=tuple(sorted(one for one in path.parent.iterdir() if _TEXT.fullmatch(one.name))),
        )


def _of_server() -> Iterator[Package]:
    """The Python packages that ours needs, and what they need, as far as they are installed."""
    seen: set[str] = set()
    waiting = [(OURS, frozenset[str]())]
    while waiting:
        name, extras = waiting.pop()
        try:
            one = installed.distribution(name)
        except installed.PackageNotFoundError:
            continue  # for another platform
        waiting += list(_needs(one.requires or (), extras, seen))
        if name != OURS:
            yield _python_package(one)


def _needs(
    requires: Iterable[str], extras: frozenset[str], seen: set[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    for requirement in requires:
        named, _, marker = requirement.partition(";")
        wanted = _EXTRA.search(marker)
        found = _REQUIREMENT.match(named)
        if found is None or (wanted and wanted[1] not in extras):
            continue
        key = normal(found[1])
        if key not in seen:
            seen.add(key)
            yield key, frozenset(filter(None, re.split(r"[,\s]+", found[2] or "")))


def _python_package(one: installed.Distribution) -> Package:
    said = one.metadata
    classified = [
        name.rpartition(" :: ")[2]
        for name in said.get_all("Classifier") or ()
        if name.startswith("License :: ") and name != "License :: OSI Approved"
    ]
    stated = _field(said, "License").strip()
    texts = [Path(str(one.locate_file(file))) for file in one.files or () if _TEXT.fullmatch(file.name)]
    # Some put the whole text into the field: then what they classified it as says it shorter.
    named = stated if 0 < len(stated) <= 80 else ", ".join(classified)
    return Package(
        name=said["Name"],
        version=one.version,
        licence=_field(said, "License-Expression") or named,
        kind="python",
        texts=tuple(sorted(path for path in texts if path.is_file())),
    )


def _field(said: installed.PackageMetadata, name: str) -> str:
    return str(said[name]) if name in said else ""


def _read(paths: Iterable[Path]) -> str:
    texts = [path.read_bytes()[:TEXT_BYTES].decode("utf-8", "replace") for path in paths]
    return "\n\n----\n\n".join(texts)
