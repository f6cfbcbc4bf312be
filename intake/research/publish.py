"""Writes the tables as CSV and Parquet, with a data dictionary and a Frictionless data package."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from intake.research.columns import TABLES, Column, Kind, TableOf
from intake.research.disclosure import Rule

ARROW_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.int64(),
    Kind.INSTANT: pa.timestamp("s", tz="UTC"),
    Kind.FLAG: pa.bool_(),
}


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, and when: hours in [since, until)."""

    since: datetime
    until: datetime
    read_at: datetime


def publish(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], out: Path, period: Period, rule: Rule
) -> list[Path]:
    """Write every file of the export into ``out``, each one whole or not at all; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for table in TABLES:
        rows = tables[table.name]
        written.append(_put(out / f"{table.name}.csv", csv_bytes(table.columns, rows)))
        written.append(_put(out / f"{table.name}.parquet", parquet_bytes(table, rows)))
    written.append(_put(out / "data-dictionary.csv", dictionary_bytes()))
    package = json.dumps(data_package(period, rule), indent=2, ensure_ascii=False) + "\n"
    written.append(_put(out / "datapackage.json", package.encode()))
    return written


def csv_bytes(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """UTF-8, a heading line, empty for no value, ``true``/``false``, times as ``2026-03-29T01:00:00Z``."""
    return _csv([column.name for column in columns], [[row[c.name] for c in columns] for row in rows])


def parquet_bytes(table: TableOf, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The same values; each field carries its meaning and unit as metadata."""
    schema = pa.schema(
        [
            pa.field(
                column.name,
                ARROW_TYPES[column.kind],
                metadata={"description": column.meaning, "unit": column.unit},
            )
            for column in table.columns
        ]
    )
    values = {column.name: [row[column.name] for row in rows] for column in table.columns}
    buffer = io.BytesIO()
    pq.write_table(pa.table(values, schema=schema), buffer)
    return buffer.getvalue()


def dictionary_bytes() -> bytes:
    """One line for each column of each table."""
    return _csv(
        ["table", "column", "type", "unit", "meaning"],
        [[table.name, c.name, c.kind.value, c.unit, c.meaning] for table in TABLES for c in table.columns],
    )


def data_package(period: Period, rule: Rule) -> dict[str, Any]:
    """The Frictionless description: what, of when, by which rule, and what a reader must know."""
    return {
        "name": "national-intake-channel-hours",
        "title": "Use of the ways in to the National Intake by hour (a prototype, not connected to 999)",
        "description": " ".join(_notes(rule)),
        "created": period.read_at.isoformat(timespec="seconds"),
        "temporal": {"start": period.since.isoformat(), "end": period.until.isoformat()},
        "timezone": "Europe/London",
        "disclosure_control": msgspec.to_builtins(rule),
        "resources": [
            {
                "name": f"{table.name}-{form}",
                "title": table.title,
                "path": f"{table.name}.{form}",
                "format": form,
                "mediatype": media_type,
                "encoding": "utf-8",
                "schema": {
                    "fields": [
                        {"name": c.name, "type": c.kind.value, "unit": c.unit, "description": c.meaning}
                        for c in table.columns
                    ],
                    "primaryKey": ["hour_start_utc", *table.keys],
                    "missingValues": [""],
                },
            }
            for table in TABLES
            for form, media_type in (("csv", "text/csv"), ("parquet", "application/vnd.apache.parquet"))
        ],
    }


def _notes(rule: Rule) -> list[str]:
    small = f"1 to {rule.min_cell - 1}" if rule.zero_is_shown else f"below {rule.min_cell} (also none)"
    return [
        f"Counts {small} are suppressed and the others rounded to the nearest {rule.round_to}, so they do "
        "not add up exactly.",
        "Further cells are held back where a suppressed count could be worked out from the tables together.",
        "In the finer tables a cell that may not be published has no row.",
        f"Means stand on at least {rule.min_cell} contacts; a percentile needs at least {rule.min_cell} "
        f"contacts beyond it (p99: {rule.min_cell * 100}).",
        "Waits that had not ended are right-censored (Kaplan-Meier), not left out; a percentile that so "
        "many never reached is empty.",
        "Only whole hours that were over are here.",
        "Publish an hour once: a second export, after corrections, could be set against the first.",
    ]


def _csv(heading: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value).lower() if isinstance(value, bool) else value


def _put(path: Path, content: bytes) -> Path:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    return part.replace(path)
