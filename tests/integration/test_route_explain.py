"""A decision replayed from its own record: the same a year later, and an edited one is found out."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import shapely
from sqlalchemy import text, update

from intake.__main__ import main
from intake.boundaries import shapes
from intake.boundaries.released import keep
from intake.contact import ContactId
from intake.control_room import Service
from intake.explaining import Explaining, Explanation
from intake.register import load_register
from intake.routing.replay import ReplayVerdict
from intake.routing.router import RegionalRouter
from intake.store import tables
from intake.store.decisions import records_of, seal_of
from tests.behind_doors import Behind
from tests.callers import phone, write_in
from tests.desk import CONFIG, register

POLICE, FIRE = Service.POLICE, Service.FIRE
BORDER = "fight at 55.811, -2.036"  # Scotland's border: 500 m are two forces'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the committed configuration to change."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    return folder


async def decided(behind: Behind, words: str = BORDER) -> ContactId:
    one = await write_in(behind.store, phone(1), words)
    await behind.triage()
    await behind.person_sends(one, [POLICE, FIRE])
    return one


async def explained(
    behind: Behind, one: ContactId, today: RegionalRouter | None = None, boundaries: Path | None = None
) -> Explanation:
    explaining = Explaining(boundaries or CONFIG / "boundaries", today or register())
    return await behind.store.read(lambda conn: explaining.explain(conn, one))


def verdicts(found: Explanation) -> list[ReplayVerdict]:
    return [one.replay.verdict for one in found.decisions]


async def test_a_decision_tells_everything_and_replays_to_the_same_answer(behind: Behind) -> None:
    one = await decided(behind)
    found = await explained(behind, one)
    assert verdicts(found) == [ReplayVerdict.SAME] * 2
    police = found.decisions[0]
    assert police.location is not None and police.location_id
    assert police.rule is not None and police.rule["id"] == police.rule_id
    assert police.service_reason == "" or police.service_reason.startswith(("described", "asked"))
    assert {area.room_id for area in police.areas} == {"police-scotland", "police-northumbria"}
    assert sum(area.probability for area in police.areas) == pytest.approx(0.95, abs=0.01)
    assert police.reach_m == pytest.approx(1.5 * police.radius_m + 1_000)
    assert police.replay.words == "replayed on its own map, policy and register: the same answer"
    assert police.replay.changed == ()
    again = await behind.store.read(
        lambda conn: Explaining(CONFIG / "boundaries", register()).explain(conn, "1")
    )
    assert again == found  # by number as by id


async def test_a_persons_choice_replays_beside_what_the_map_said(behind: Behind) -> None:
    one = await write_in(behind.store, phone(1), BORDER)
    await behind.triage()
    await behind.person_sends(one, [POLICE], "police-kent")
    (found,) = (await explained(behind, one)).decisions
    assert (found.room_id, found.chosen_room_id, found.rule_id) == ("police-kent",) * 2 + ("handler-choice",)
    assert found.rule is not None and found.rule["id"] != "handler-choice"  # the map's rule, as it stood
    assert found.replay.verdict is ReplayVerdict.SAME


async def test_without_a_place_it_replays_too(behind: Behind) -> None:
    found = await explained(behind, await decided(behind, "help"))
    assert verdicts(found) == [ReplayVerdict.SAME] * 2
    assert found.decisions[0].location is None


async def test_a_year_later_policy_register_and_map_have_changed_and_the_answer_is_still_its_own(
    behind: Behind, config: Path
) -> None:
    one = await decided(behind)
    before = (await explained(behind, one)).decisions[0]
    kept = keep(config / "boundaries")
    assert kept.name == before.map_version
    _move_the_map(config / "boundaries", north_m=2_000)
    policy = config / "route_policy.toml"
    policy.write_text(policy.read_text().replace("min_probability = 0.5", "min_probability = 0.97", 1))
    rooms = config / "control_rooms.toml"
    rooms.write_text(rooms.read_text().replace('name = "Police Scotland"', 'name = "Poileas Alba"', 1))
    today = load_register(config)
    found = (await explained(behind, one, today, config / "boundaries")).decisions[0]
    assert found.replay.verdict is ReplayVerdict.SAME
    assert found.replay.then is not None
    assert (found.replay.then.room_id, found.replay.then.probability) == (before.room_id, before.probability)
    assert found.room_name == "Police Scotland"
    changed = " | ".join(found.replay.changed)
    assert f"the map ({before.map_version} → {today.map_version})" in changed
    assert "the policy" in changed and "its rule border-inside was changed" in changed
    assert "the register" in changed
    # Both answers are shown, and today's is another.
    assert found.replay.now.room_id != found.replay.then.room_id
    assert "today's answer is police-northumbria" in found.replay.words
    assert found.replay.now.map_version == today.map_version


def _move_the_map(folder: Path, north_m: float) -> None:
    """A newer map: every border lies elsewhere."""
    names, polygons = shapes.load(folder / shapes.AREAS)
    moved = shapely.transform(np.array(polygons), lambda points: points + np.array([0.0, north_m]))
    shapes.save(folder / shapes.AREAS, names, moved)
    manifest = msgspec.json.decode((folder / shapes.MANIFEST).read_bytes())
    del manifest["sha256"][shapes.AREAS]
    (folder / shapes.MANIFEST).write_bytes(msgspec.json.encode(manifest))


async def test_without_its_map_it_says_so_and_claims_nothing(behind: Behind, config: Path) -> None:
    """Negative control of the year later: nothing kept, nothing replayed."""
    one = await decided(behind)
    _move_the_map(config / "boundaries", north_m=2_000)
    today = load_register(config)
    found = await explained(behind, one, today, config / "boundaries")
    assert verdicts(found) == [ReplayVerdict.IMPOSSIBLE] * 2
    assert "neither the present one nor in" in found.decisions[0].replay.words
    assert found.decisions[0].replay.then is None


Tamper = Callable[[dict[str, Any]], dict[str, Any]]


def _in_json(column: str, old: str, new: str) -> Tamper:
    def change(row: dict[str, Any]) -> dict[str, Any]:
        written = json.dumps(row[column])
        assert re.search(old, written), f"{old} not in {written}"
        return {column: json.loads(re.sub(old, new, written, count=1))}

    return change


TAMPERED: dict[str, Tamper] = {
    "its room": lambda row: {"room_id": "police-kent"},
    "its rule": lambda row: {"rule_id": "inside"},
    "who decided": lambda row: {"decided_by": "eve"},
    "when": lambda row: {"decided_at": row["decided_at"].replace(year=2025)},
    "its probability": lambda row: {"probability": 0.94},
    "its standing": lambda row: {"standing": "proposed"},
    "a standing there is none of": lambda row: {"standing": "whatever"},
    "an answer nobody can read": lambda row: {"decision": {"room_id": 7}},
    "inputs nobody can read": lambda row: {"inputs": ["nothing"]},
    "its map": lambda row: {"map_version": "onspd-2025-11.00000000"},
    "the hypothesis it used": lambda row: {"location_id": None},
    "the place": _in_json("inputs", r'"latitude": 55\.8\d*', '"latitude": 55.9'),
    "the rule's text": _in_json("inputs", "more likely there than not", "because I say so"),
    "the policy it stood on": _in_json("inputs", r'"policy": "\w{4}', '"policy": "0000'),
    "the answer": _in_json("decision", "police-scotland", "police-kent"),
    "its seal": lambda row: {"seal": "0" * 64},
    "everything, with a new seal": lambda row: {"decided_by": "eve", "seal": None},
}


@pytest.mark.parametrize("name", TAMPERED)
async def test_an_edited_record_is_found_out(behind: Behind, name: str) -> None:
    one = await decided(behind)
    row = (await behind.rows(tables.decisions))[0]
    change = TAMPERED[name](dict(row._mapping))
    if "seal" in change and change["seal"] is None:
        change["seal"] = "1" * 64  # as good as any: the log holds the one that was written

    def edit(conn: Any) -> None:
        conn.execute(update(tables.decisions).where(tables.decisions.c.id == row.id).values(**change))

    await behind.store.run(edit)
    found = await explained(behind, one)
    assert verdicts(found) == [ReplayVerdict.ALTERED, ReplayVerdict.SAME]
    assert found.decisions[0].replay.problems
    assert "not what was written" in found.decisions[0].replay.words


async def test_a_forger_who_seals_anew_is_betrayed_by_the_log(behind: Behind) -> None:
    one = await decided(behind)
    row = (await behind.rows(tables.decisions))[0]

    def forge(conn: Any) -> None:
        table = tables.decisions
        conn.execute(update(table).where(table.c.id == row.id).values(decided_by="eve"))
        kept = conn.execute(
            text("SELECT decision, inputs FROM decisions WHERE id = :id"), {"id": row.id}
        ).one()
        values = {**row._mapping, "decided_by": "eve", "decision": kept.decision, "inputs": kept.inputs}
        conn.execute(update(table).where(table.c.id == row.id).values(seal=seal_of(values)))

    await behind.store.run(forge)
    records = await behind.store.read(lambda conn: records_of(conn, one))
    assert records[0].problems == ("its seal is not the one in the log",)


async def test_altered_grounds_and_a_lost_decision_are_found_out(behind: Behind) -> None:
    one = await decided(behind)
    grounds, table = tables.routing_grounds, tables.decisions
    spoil = update(grounds).where(grounds.c.kind == "policy").values(content=grounds.c.content + " ")
    await behind.store.run(lambda conn: conn.execute(spoil).rowcount)
    found = await explained(behind, one)
    assert verdicts(found) == [ReplayVerdict.IMPOSSIBLE] * 2
    assert "the policy kept for it was altered" in found.decisions[0].replay.words
    first = found.decisions[0].id
    await behind.store.run(lambda conn: conn.execute(table.delete().where(table.c.id == first)).rowcount)
    (left,) = (await explained(behind, one)).decisions
    assert left.replay.verdict is ReplayVerdict.ALTERED
    assert first in left.replay.problems[0]


async def test_grounds_are_kept_once_whatever_decides_by_them(behind: Behind) -> None:
    for number in range(3):
        one = await write_in(behind.store, phone(number), BORDER)
        await behind.triage()
        await behind.person_sends(one, [POLICE, FIRE])
    assert sorted(row.kind for row in await behind.rows(tables.routing_grounds)) == ["policy", "register"]


# -- the command -------------------------------------------------------------------------------------


async def test_the_command_prints_it_for_people_and_for_programs(
    behind: Behind, capsys: pytest.CaptureFixture[str]
) -> None:
    await decided(behind)
    ask = ["route", "explain", "26-000001", "--store", behind.store.url, "--config", str(CONFIG)]
    assert main(ask) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("Police Scotland", "border", "policy", "register", "the same answer", "55.81100, -2.03600"):
        assert words in shown
    assert main([*ask, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["reference"] == "26-000001"
    assert answer["decisions"][0]["replay"]["verdict"] == "same"
    forged = update(tables.decisions).values(room_id="police-kent")
    await behind.store.run(lambda conn: conn.execute(forged).rowcount)
    assert main(ask) == 3
    assert "not what was written" in capsys.readouterr().out


async def test_the_command_says_what_is_missing(behind: Behind, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--store", behind.store.url, "--config", str(CONFIG)]
    assert main(["route", "explain", "999", *common]) == 1
    assert "there is no contact '999'" in capsys.readouterr().err
    assert main(["route", "explain", *common]) == 2
    await write_in(behind.store, phone(1), "help")
    assert main(["route", "explain", "1", *common]) == 0
    assert "nothing has been decided" in capsys.readouterr().out
