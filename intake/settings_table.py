"""Reads one table of the configuration into a Struct, listing every problem at once (law 18)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from intake.errors import BadConfiguration

Shape = TypeVar("Shape", bound=msgspec.Struct)


def read_toml(path: Path, problems: list[str], where: str = "") -> dict[str, Any] | None:
    """A file of the configuration; None where it cannot be read, which is then said once in ``problems``."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{where or path.name}: cannot be read: {error}"
    else:
        if table:
            return table
        message = f"{where or path.name}: is empty"  # cut off while it was copied: as good as unreadable
    if message not in problems:
        problems.append(message)
    return None


def read_table(table: Mapping[str, Any], shape: type[Shape], where: str) -> Shape:
    """The table as ``shape``, whose field types carry the rules; ``where`` names it in the problems.

    Raises BadConfiguration with each unknown, missing and ill-typed setting; never a value of one.
    """
    problems, values = [], {}
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for name in sorted(set(table) - set(fields)):
        problems.append(f"{where}.{name}: unknown setting; there are {', '.join(fields)}")
    for name, field in fields.items():
        if name in table:
            try:
                values[field.name] = msgspec.convert(table[name], field.type, strict=False)
            except msgspec.ValidationError as error:
                problems.append(f"{where}.{name}: {error}")
        elif field.required:
            problems.append(f"{where}.{name}: missing; it has no default")
    if problems:
        raise BadConfiguration(problems)
    return shape(**values)
