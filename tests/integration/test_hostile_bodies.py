"""Two hundred hostile messages through the server: stored, answered, listed, exported as words only."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from rich.console import Console
from rich.text import Text

from intake.__main__ import main
from intake.console.terminal import queue as screen
from intake.console.terminal.client import ConsoleClient
from intake.console.terminal.text import inert_json, inert_xml, visible
from intake.contact import clean_text
from intake.store import audit
from intake.store.audit import Search
from intake.store.store import Store
from tests.callers import phone, write_in
from tests.desk import TOKENS, HandClock, console
from tests.hostile import BODIES, EXTRA, FILE_NAMES, KINDS, all_texts

COMMANDING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What a terminal or an eye would obey. Line feeds and tabs only move on."""


def on_a_terminal(shown: Any, width: int = 120) -> str:
    """As `intake queue` prints it, without the colours that are our own."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, highlight=False).print(shown)
    return out.getvalue()


def test_there_are_two_hundred_and_no_two_are_alike() -> None:
    assert len(BODIES) >= 200 and len(set(BODIES.values())) == len(BODIES)
    assert set(KINDS) >= {
        "markup",
        "templates",
        "links",
        "invisible",
        "controls",
        "pictures",
        "stacks",
        "sizes",
    }


async def test_every_body_comes_back_as_it_was_sent_and_its_json_ends_no_script(store: Store) -> None:
    ids = {}
    for number, (name, text) in enumerate(BODIES.items()):
        ids[name] = await write_in(store, phone(number), clean_text(text), extra=dict(EXTRA))
    async with console(store, HandClock()) as server, aiohttp.ClientSession() as http:
        bearer = {"Authorization": f"Bearer {TOKENS['ada']}"}
        for name, contact in ids.items():
            url = server.make_url(f"/api/v1/contacts/{contact}")
            async with http.get(url, headers=bearer) as answer:
                body = await answer.text()
                assert answer.content_type == "application/json"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            (line,) = json.loads(body)["conversation"]
            assert line["text"] == clean_text(BODIES[name]), name
    shown = await store.read(lambda conn: audit.search(conn, Search(action="contact.view"), 1000))
    told = msgspec.json.encode([one.data for one in shown]).decode()
    assert len(shown) == len(BODIES) and not re.search(r"script|alert|\\u", told)


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_no_body_commands_a_terminal(store: Store) -> None:
    for number, text in enumerate(BODIES.values()):
        await write_in(store, phone(number), clean_text(text), seconds=number, extra=dict(EXTRA))
    async with (
        console(store, HandClock()) as server,
        ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada,
    ):
        for number, name in enumerate(BODIES, 1):
            printed = on_a_terminal(screen.contact_screen(await ada.show(str(number))))
            assert not COMMANDING.search(printed), name
        page = await ada.queue(limit=100)
        assert not COMMANDING.search(on_a_terminal(screen.queue_screen(page)))
        answer = await ada.show("1")
    assert "<script>window.__hostile=1</script>" in on_a_terminal(screen.contact_screen(answer), 300)


@pytest.mark.parametrize("text", all_texts(), ids=lambda one: repr(one[:24]))
def test_what_is_made_visible_commands_nothing_and_loses_no_word(text: str) -> None:
    shown = visible(text)
    assert not COMMANDING.search(shown)
    kept = [one for one in text if unicodedata.category(one) not in ("Cf", "Cc", "Zl", "Zp") or one in "\n\t"]
    plain = re.sub("⟨[^⟩]*⟩", "", shown)
    assert plain == "".join(kept) or "⟨" in text


def test_the_terminals_markup_is_not_the_callers() -> None:
    words = "[bold red]x[/] [link=https://evil.example]y[/link] :fire:"
    assert on_a_terminal(Text(visible(words))).strip() == words


@pytest.mark.parametrize("text", all_texts(), ids=lambda one: repr(one[:24]))
def test_json_for_a_terminal_is_the_same_json_and_commands_nothing(text: str) -> None:
    said = {"text": clean_text(text)}
    printed = inert_json(msgspec.json.encode(said).decode())
    assert json.loads(printed) == said
    assert not COMMANDING.search(printed)


def test_xml_for_a_terminal_is_the_same_xml() -> None:
    from lxml import etree  # noqa: PLC0415

    text = "a\u202eb\x9bc\u200fd\n"
    root = etree.Element("note")
    root.text = text
    printed = inert_xml(etree.tostring(root, encoding="unicode"))
    assert not COMMANDING.search(printed)
    assert etree.fromstring(printed).text == text


def cells_in(folder: Path) -> list[str]:
    read = [csv.reader(io.StringIO(path.read_text("utf-8"))) for path in folder.glob("*.csv")]
    return [cell for rows in read for row in rows for cell in row]


async def test_no_cell_of_the_research_tables_is_a_formula(store: Store, tmp_path: Path) -> None:
    for number, text in enumerate(KINDS["formulas"]):
        await write_in(store, phone(number), clean_text(text), seconds=number)
    hours = ("--from", "2026-03-01T12:00", "--to", "2026-03-01T14:00")
    assert main(["research", "channel-hours", "--store", store.url, "--out", str(tmp_path), *hours]) == 0
    cells = cells_in(tmp_path)
    assert "+00:00" in cells  # an hour's offset, ours
    assert not [cell for cell in cells if re.match(r"[=+@\t\r-](?!\d\d:\d\d$)", cell)]


def test_file_names_are_hostile_too() -> None:
    assert [one for one in FILE_NAMES if "<" in one] and [one for one in FILE_NAMES if "\u202e" in one]
