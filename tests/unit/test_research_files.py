"""The files of the channel-hours export: CSV, Parquet and dictionary say the same."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from intake.research.channel_hours import channel_hours
from intake.research.columns import TABLES
from intake.research.disclosure import ONS
from intake.research.facts import Fact
from intake.research.hours import HOUR
from intake.research.measures import Wait
from intake.research.publish import Period, publish

SINCE = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
UNTIL = SINCE + 2 * HOUR


def contact(random_: random.Random) -> Fact:
    return Fact(
        hour=SINCE,
        channel=random_.choice(["app", "sms"]),
        service=random_.choice(["police", "fire"]),
        region=random_.choices(["Wales", "London", "unknown"], (50, 40, 1))[0],
        waits={
            name: Wait(random_.expovariate(1 / 20), True) for name in ("acknowledge", "answer", "hand_over")
        },
        radius_m=random_.choice([None, 8.0, 75.0]),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export")
    period = Period(since=SINCE, until=UNTIL, read_at=UNTIL)
    random_ = random.Random(7)
    facts = [contact(random_) for _ in range(500)]
    publish(channel_hours(facts, {(SINCE, "email"): 60}, SINCE, UNTIL, ONS), out, period, ONS)
    return out


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_csv_and_parquet_agree(folder: Path, table: Any) -> None:
    with (folder / f"{table.name}.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    parquet = pq.read_table(folder / f"{table.name}.parquet")
    assert lines and parquet.column_names == list(lines[0]) == [column.name for column in table.columns]
    assert [{key: as_text(value) for key, value in row.items()} for row in parquet.to_pylist()] == lines
    assert all(field.metadata[b"description"] for field in parquet.schema)


def test_every_column_stands_in_the_dictionary_and_the_package(folder: Path) -> None:
    with (folder / "data-dictionary.csv").open(encoding="utf-8", newline="") as file:
        dictionary = {(line["table"], line["column"]): line for line in csv.DictReader(file)}
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    for table in TABLES:
        heading = (folder / f"{table.name}.csv").read_text("utf-8").partition("\n")[0].split(",")
        assert all(dictionary[table.name, name]["meaning"] for name in heading)
        for resource in package["resources"]:
            if resource["path"].startswith(f"{table.name}."):
                assert [field["name"] for field in resource["schema"]["fields"]] == heading
                assert (folder / resource["path"]).is_file()
    assert len(package["resources"]) == 2 * len(TABLES)
    assert package["disclosure_control"] == {
        "name": "ons", "min_cell": 10, "round_to": 5, "zero_is_shown": False
    }  # fmt: skip


def test_no_count_in_a_file_is_small_or_unrounded(folder: Path) -> None:
    for table in TABLES:
        counts = [column.name for column in table.columns if column.unit == "contacts"]
        with (folder / f"{table.name}.csv").open(encoding="utf-8", newline="") as file:
            values = [int(line[name]) for line in csv.DictReader(file) for name in counts if line[name]]
        assert values and all(value >= 10 and value % 5 == 0 for value in values)
