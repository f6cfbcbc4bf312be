"""Location links from the desk: the console's interface, the terminal, and the rule that sends by itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from intake.app import running
from intake.commands.check import problems_in
from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.location import CallerLocation
from intake.phrases import load_phrases
from intake.public.inviting import InvitingByRule, make_inviting
from intake.settings import ConsoleSettings, DoorsSettings, LinksSettings, Settings, StoreSettings
from intake.simulate.app_client import AppClient
from intake.store import replies, tables, triage
from intake.store.location_links import LinkMode
from intake.store.store import Store
from tests.behind_doors import eventually
from tests.callers import at, phone, write_in
from tests.desk import CONFIG, TOKENS, console, new_id
from tests.integration.test_queue_command import Terminal
from tests.links import PUBLIC_URL, SECRET, Links, Sent, open_links

RULE = LinksSettings(secret=SECRET, automatic=True, automatic_after_s=20, automatic_within_s=900)


@pytest.fixture
async def links(store: Store) -> AsyncIterator[Links]:
    async with open_links(store) as made:
        yield made


@asynccontextmanager
async def desk_of(links: Links, **changes: Any) -> AsyncIterator[ConsoleClient]:
    """Ada at a console over the same store."""
    async with (
        console(links.store, links.clock, **changes) as server,
        ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada,
    ):
        yield ada


async def test_a_handler_sends_a_link_and_sees_its_life(
    links: Links, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
    monkeypatch.setenv("COLUMNS", "400")
    contact = await links.contact()
    async with console(links.store, links.clock, inviting=links.inviting) as server:
        url = str(server.make_url(""))
        terminal = Terminal(url, capsys)
        code, _, refused = await terminal.type("link", "1")
        assert code == 1 and "claim it first" in refused  # under the fence, as every reply
        await terminal.says("claim", "1")
        assert "on its way" in await terminal.says("link", "1", "--live")
        links.clock.seconds = 10
        sent = json.loads(await terminal.says("link", "1", "--json"))
        assert (sent["link"]["mode"], sent["link"]["sent_by"]) == ("once", "ada")
        (text,) = [row.text for row in await links.rows(tables.replies) if row.id == sent["reply_id"]]
        path = text.partition(PUBLIC_URL)[2].split()[0]
        link = Sent(path, sent["link"]["id"], contact, links.keys.ticket(sent["link"]["id"]))
        for second, act in ((20, "opened"), (21, "asked"), (22, "refused"), (30, "granted")):
            links.clock.seconds = second
            await links.life(link, act, "denied" if act == "refused" else "")
        for second, accuracy_m in ((31, 800.0), (40, 9.0)):
            links.clock.seconds = second
            await links.place(link, accuracy_m=accuracy_m)
        links.clock.seconds = 41
        await links.life(link, "finished")
        shown = await terminal.says("show", "1")
        assert "live  sent 12:00:00 GMT by ada, queued · ended 12:00:10 GMT, replaced" in shown
        assert "opened 12:00:20 GMT · asked 12:00:21 GMT · granted 12:00:30 GMT" in shown
        assert "first fix 12:00:31 GMT, last 12:00:40 GMT, best ±9 m" in shown
        assert "ended 12:00:41 GMT, finished" in shown
        async with ConsoleClient(url, TOKENS["ada"]) as ada:
            old, new = (await ada.show("1")).links
        assert (old.mode, old.ended_reason, old.first_fix_at) == ("live", "replaced", None)
        assert (new.opened_at, new.refused_at, new.first_fix_at) == (at(20), at(22), at(31))
        assert (new.best_fix_m, new.delivery, new.ended_at) == (9.0, "queued", at(41))


async def test_a_link_past_its_day_is_shown_as_ended(links: Links) -> None:
    await links.send()
    links.clock.seconds = 90_000
    async with desk_of(links) as ada:
        (link,) = (await ada.show("1")).links
    assert (link.ended_at, link.ended_reason) == (at(86_400), "expired")


async def test_what_the_desk_cannot_send_is_refused_in_words(links: Links) -> None:
    contact = await links.contact()
    async with desk_of(links) as ada:  # no secret is set
        mine = await ada.change(contact, "claim")
        with pytest.raises(ConsoleRefused, match="INTAKE_LINKS__SECRET") as refused:
            await ada.invite(contact, mine.attempts, "once")
        assert refused.value.status == 409
    async with desk_of(links, inviting=links.inviting) as ada:
        with pytest.raises(ConsoleRefused, match="video") as refused:
            await ada.invite(contact, mine.attempts, "video")
        assert refused.value.status == 400
        with pytest.raises(ConsoleRefused):
            await ada.invite(contact, mine.attempts + 1, "once")  # the fence
    assert await links.rows(tables.location_links) == []


def test_without_a_secret_nothing_is_made() -> None:
    assert make_inviting(LinksSettings(), load_phrases(CONFIG), PUBLIC_URL, new_id) is None
    assert make_inviting(RULE, load_phrases(CONFIG), PUBLIC_URL, new_id) is not None


def test_a_rule_without_a_secret_is_told_by_the_check() -> None:
    environ = {"INTAKE_LINKS__AUTOMATIC": "true"}
    assert [one for one in problems_in(CONFIG, environ) if one.startswith("links.automatic")]
    assert not [one for one in problems_in(CONFIG, {}) if one.startswith("links")]


def test_a_broken_page_is_told_by_the_check(tmp_path: Path) -> None:
    assert any("link_page.toml: cannot be read" in one for one in problems_in(tmp_path, {}))


# -- by rule ----------------------------------------------------------------------------------------------


async def answered(links: Links, number: int, **fields: Any) -> Any:
    """Somebody who wrote and got the machine's receipt."""
    contact = await write_in(links.store, phone(number), "help", **fields)
    await links.store.run(
        lambda conn: replies.queue_reply(conn, at(0), contact, "automatic:received", "Where?", new_id)
    )
    return contact


async def test_the_rule_asks_once_who_has_no_place_and_can_be_asked(links: Links) -> None:
    rule = InvitingByRule(links.store, links.inviting, links.clock, RULE)
    lost = await answered(links, 1)
    located, _silent = await answered(links, 2), await answered(links, 3, silent=True)
    await write_in(links.store, phone(4), "we wrote by a machine", automatic=True)
    asked = await answered(links, 5)
    place = CallerLocation(latitude=53.8, longitude=-1.5, uncertainty_m=20)
    await links.store.run(lambda conn: triage.set_best(conn, at(1), located, place))
    await links.send(asked)
    links.clock.seconds = 19
    assert await rule.step() == 0  # not yet: people write on
    links.clock.seconds = 21
    assert await rule.step() == 1 and await rule.step() == 0
    (link,) = [row for row in await links.rows(tables.location_links) if row.contact_id == lost]
    assert (link.mode, link.created_by) == (LinkMode.ONCE, "automatic:link_once")
    assert len(await links.rows(tables.location_links)) == 2
    (row,) = [one for one in await links.rows(tables.contacts) if one.id == lost]
    assert row.first_reply_at is None  # no person has answered


async def test_the_rule_does_not_dig_up_old_contacts(links: Links) -> None:
    rule = InvitingByRule(links.store, links.inviting, links.clock, RULE)
    await answered(links, 1)
    links.clock.seconds = 901
    assert await rule.step() == 0


async def test_an_intake_that_is_told_to_sends_links_by_itself(migrated_file: Path, tmp_path: Path) -> None:
    """The settings, the loop and the paths, put together as `intake serve` puts them."""
    shutil.copy(migrated_file, tmp_path / "intake.db")
    settings = Settings(
        store=StoreSettings(url=f"sqlite:///{tmp_path}/intake.db"),
        doors=DoorsSettings(http_port=0, smtp_port=0, public_url=PUBLIC_URL),
        console=ConsoleSettings(port=0),
        links=LinksSettings(secret=SECRET, automatic=True, automatic_after_s=0.0),
        channels={"app": {"enabled": True, "token_secret": "t" * 40}},
    )
    async with running(settings) as started, aiohttp.ClientSession() as http:
        app = AppClient(f"http://127.0.0.1:{started.http_port}", http)
        await app.open("help, I am lost")

        async def invited() -> bool:
            return any(f"{PUBLIC_URL}/l/" in reply.text for reply in (await app.news()).replies)

        await eventually(invited)
        (text,) = [one.text for one in (await app.news()).replies if "/l/" in one.text]
        path = text.partition(PUBLIC_URL)[2].split()[0]
        async with http.get(f"http://127.0.0.1:{started.http_port}{path}") as page:
            assert page.status == 200 and "Share my place" in await page.text()


async def test_without_a_secret_there_are_no_paths(migrated_file: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "intake.db")
    settings = Settings(
        store=StoreSettings(url=f"sqlite:///{tmp_path}/intake.db"),
        doors=DoorsSettings(http_port=0, smtp_port=0),
    )
    async with running(settings, ["doors"]) as started, aiohttp.ClientSession() as http:
        answer = await http.get(f"http://127.0.0.1:{started.http_port}/l/0000000000")
        async with answer:
            assert answer.status == 404 and answer.content_type == "text/plain"
