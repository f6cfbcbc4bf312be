"""A location link from its sending to its end, over real HTTP and on both engines."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import statistics
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from intake import metrics
from intake.contact import ContactState
from intake.location import LocationSource, Whose
from intake.public.guesses import PEER_LIMIT
from intake.store import contacts, handling, tables, upkeep
from intake.store.claims import Claim, claim, reopen
from intake.store.location_links import LinkMode
from intake.store.store import Store
from tests.behind_doors import Behind
from tests.callers import at, phone, write_in
from tests.links import Links, Sent, fix, open_links

KIBI = 1024


@pytest.fixture
async def links(store: Store) -> AsyncIterator[Links]:
    async with open_links(store) as made:
        yield made


def refusals(reason: str) -> float:
    return metrics.REGISTRY.get_sample_value("intake_link_refusals_total", {"reason": reason}) or 0.0


async def close(links: Links, link: Sent) -> None:
    def work(conn: Any) -> None:
        now = links.clock.now()
        taken = claim(conn, now, link.contact_id, "ada", 900)
        handling.close(conn, now, Claim.of(taken), "done")

    await links.store.run(work)


# -- the page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("mode", LinkMode)
async def test_the_page_is_one_small_document_that_lets_nothing_else_in(
    links: Links, mode: LinkMode, language: str
) -> None:
    link = await links.send(mode=mode)
    async with links.http.get(f"{links.url}{link.path}?lang={language}") as answer:
        page = (await answer.read()).decode()
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status == 200 and answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert int(answer.headers["Content-Length"]) <= 10 * KIBI
    assert len(gzip.compress(page.encode(), 9)) <= 10 * KIBI
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    assert f'<html lang="{language}">' in page
    assert ("This is not 999" if language == "en" else "Nid 999 yw hwn") in page
    # Nothing to fetch: no address but the switch, the form's own and an empty icon.
    addresses = set(re.findall(r'(?:src|href|action)="([^"]*)"', page))
    assert addresses <= {"data:,", "?lang=en", "?lang=cy", f"{link.path}?lang={language}"}
    assert 'name="words"' in page and "<textarea" in page
    assert phone(1)[5:] not in page  # nothing of the caller stands in it


async def test_the_page_speaks_the_links_language_and_the_switch_outranks_it(links: Links) -> None:
    contact = await links.contact()
    await links.store.run(lambda conn: conn.execute(tables.contacts.update().values(language="cy")) and None)
    link = await links.send(contact)
    assert "Dangoswch i ni" in (await links.get(link.path)).text
    assert "Show us where" in (await links.get(f"{link.path}?lang=en")).text
    assert "Dangoswch i ni" in (await links.get(f"{link.path}?lang=xx'><script>")).text
    (reply,) = await links.rows(tables.replies)
    assert reply.text.startswith("Mae angen") and reply.author == "ada"
    wrong = await links.get("/l/0000000000", **{"Accept-Language": "cy-GB"})
    assert wrong.status == 404 and "Gwiriwch bob llythyren" in wrong.text


async def test_a_preview_changes_nothing(links: Links) -> None:
    link = await links.send()
    before = await links.of(link)
    for method in ("GET", "HEAD"):
        async with links.http.request(method, links.url + link.path) as answer:
            assert answer.status == 200
    assert await links.of(link) == before and before.opened_at is None
    links.clock.seconds = 5
    assert (await links.life(link, "opened")).status == 200
    assert (await links.of(link)).opened_at == at(5)


async def test_codes_are_read_as_people_type_them(links: Links) -> None:
    link = await links.send()
    code = link.path.removeprefix("/l/")
    typed = f"{code[:5]}-{code[5:]}".lower().replace("0", "o").replace("1", "l")
    assert (await links.get(f"/l/{typed}")).status == 200


async def test_no_code_is_kept_in_clear_but_in_the_callers_own_message(links: Links) -> None:
    link = await links.send()
    await links.place(link)
    await links.words(link, "by the church")
    code = link.path.removeprefix("/l/")
    for table in tables.metadata.sorted_tables:
        rows = repr(await links.rows(table))
        assert (code in rows) == (table.name == "replies"), table.name


# -- places -----------------------------------------------------------------------------------------------


async def test_places_come_in_once_and_join_their_contact(links: Links) -> None:
    behind = Behind(links.store)
    contact = await links.contact()
    await behind.triage()
    link = await links.send(contact)
    for mark in ("opened", "asked", "granted"):
        await links.life(link, mark)
    rough = fix(accuracy_m=800.0)
    links.clock.seconds = 3
    first = await links.post(f"{link.path}/places", rough, link.headers)
    assert first.status == 200 and json.loads(first.body)["status"] == "received"
    again = await links.post(f"{link.path}/places", rough, link.headers)  # the answer was lost
    assert json.loads(again.body) == json.loads(first.body)
    links.clock.seconds = 9
    await links.place(link, accuracy_m=12.0, heading_deg=90, speed_m_s=3.4, altitude_m=51.5)
    await behind.triage()
    places = await links.store.read(lambda conn: contacts.hypotheses(conn, contact))
    assert [(one.location.source, one.location.uncertainty_m) for one in places] == [
        (LocationSource.LINK, 800.0),
        (LocationSource.LINK, 12.0),
    ]
    best = places[1].location
    assert (best.confidence_pct, best.whose, best.altitude_m) == (95.0, Whose.CALLER, 51.5)
    assert best.positioned_at == at(1) and best.note == "moving at 3 m/s towards 90°"
    shown = await behind.contact(contact)
    assert shown.location == best and shown.state is ContactState.WAITING
    assert [row.kind for row in await links.rows(tables.messages)] == ["text", "place", "place"]
    life = await links.of(link)
    assert (life.first_fix_at, life.last_fix_at, life.best_fix_m) == (at(3), at(9), 12.0)
    assert [row.trust for row in await links.rows(tables.raw_messages)][1:] == ["token"] * 3


async def test_a_live_link_says_so_and_can_be_stopped_and_taken_up_again(links: Links) -> None:
    link = await links.send(mode=LinkMode.LIVE)
    await links.life(link, "asked")
    await links.place(link)
    await links.life(link, "stopped")
    stopped = await links.of(link)
    assert (stopped.ended_at, stopped.ended_reason) == (at(0), "stopped")
    assert (await links.get(link.path)).status == 200
    assert (await links.place(link)).status == 200  # taken before the stop, and late
    assert (await links.of(link)).ended_reason == "stopped"
    await links.life(link, "asked")
    assert (await links.of(link)).ended_at is None
    sources = {m.content["locations"][0]["source"] for m in (await links.rows(tables.messages))[1:]}
    assert sources == {"link_live"}
    events = [row.data["link"] for row in await links.rows(tables.log_events) if "link" in row.data]
    assert events == ["sent", "asked", "ended", "resumed"]


async def test_a_phone_with_a_wrong_clock_is_not_believed_and_not_refused(links: Links) -> None:
    link = await links.send()
    for stated in ("1970-01-01T00:00:00Z", "2031-01-01T00:00:00Z"):
        assert (await links.place(link, positioned_at=stated)).status == 200
    for row in (await links.rows(tables.messages))[1:]:
        (place,) = row.content["locations"]
        assert place.get("positioned_at") is None and "clock" in place["note"]
        assert row.content["extra"]["link"]["stated_at"]


# -- words ------------------------------------------------------------------------------------------------


async def test_words_from_the_box_stand_in_the_conversation_and_meet_a_person(links: Links) -> None:
    behind = Behind(links.store)
    contact = await links.contact()
    await behind.triage()
    link = await links.send(contact)
    await links.store.run(
        lambda conn: conn.execute(tables.contacts.update().values(state="accepted", claimed_by="")) and None
    )
    assert (await links.words(link, "I am at LS1 4AP, 2nd floor")).status == 200
    await behind.triage()
    (row,) = await links.rows(tables.contacts)  # no second contact was opened
    assert (row.state, row.reply_to) == ("waiting", "+441632960000")
    assert [m.content["text"] for m in await links.rows(tables.messages)] == [
        "help",
        "I am at LS1 4AP, 2nd floor",
    ]


async def test_without_javascript_a_plain_form_does_the_same(links: Links) -> None:
    link = await links.send()
    id = str(uuid4())
    answer = await links.form(link, words="by the bridge & the <pub>", id=id)
    assert answer.status == 200 and "We have your words" in answer.text
    assert (await links.form(link, words="by the bridge & the <pub>", id=id)).status == 200  # pressed twice
    assert [m.content["text"] for m in (await links.rows(tables.messages))[1:]] == [
        "by the bridge & the <pub>"
    ]
    empty = await links.form(link, words="  ")
    assert empty.status == 400 and "The box was empty" in empty.text
    unnamed = [await links.form(link, words="again", id="none") for _ in range(2)]
    assert {one.status for one in unnamed} == {200}
    assert len(await links.rows(tables.messages)) == 4  # without an id each stands for itself (law 4)


# -- refusals ---------------------------------------------------------------------------------------------


async def test_a_forged_code_is_refused_helpfully_and_logged_without_personal_data(links: Links) -> None:
    link = await links.send()
    before = refusals("forged")
    with capture_logs() as logged:
        for path in ("/l/ZZZZZZZZZZ", "/l/short", "/l/%00%ff", f"{link.path}X", "/l/" + "Z" * 5_000):
            answer = await links.get(path)
            assert answer.status == 404 and "Check every letter" in answer.text, path
            assert "<form" not in answer.text
        posted = await links.post("/l/ZZZZZZZZZZ/places", fix(), link.headers)
        assert posted.status == 404 and json.loads(posted.body)["code"] == "forged"
    assert refusals("forged") == before + 6
    assert {one["event"] for one in logged} == {"link_refused"}
    assert "127.0.0.1" not in repr(logged) and "ZZZZ" not in repr(logged)
    assert len(await links.rows(tables.raw_messages)) == 1


async def test_a_used_one_off_takes_no_new_place_but_repeats_and_words(links: Links) -> None:
    link = await links.send()
    first = fix()
    await links.post(f"{link.path}/places", first, link.headers)
    await links.life(link, "finished")
    before = refusals("finished_place")
    replayed = await links.place(link)
    assert replayed.status == 410 and refusals("finished_place") == before + 1
    assert (await links.post(f"{link.path}/places", first, link.headers)).status == 200  # its answer was lost
    page = await links.get(link.path)
    assert page.status == 410 and "We have your place" in page.text and "<form" in page.text
    assert 'id="share"' not in page.text
    assert (await links.words(link, "flat 3")).status == 200
    said = await links.form(link, words="second floor")
    assert said.status == 200 and 'id="share"' not in said.text
    assert [row.kind for row in await links.rows(tables.messages)] == ["text", "place", "text", "text"]


async def test_a_link_is_dead_after_a_day(links: Links) -> None:
    link = await links.send()
    links.clock.seconds = 86_399
    assert (await links.get(link.path)).status == 200
    links.clock.seconds = 86_400
    before = refusals("expired")
    for answer in (
        await links.get(link.path),
        await links.place(link),
        await links.words(link, "x"),
        await links.form(link, words="x"),
        await links.life(link, "opened"),
    ):
        assert answer.status == 410 and "too old" in answer.text
    assert refusals("expired") == before + 5
    assert len(await links.rows(tables.messages)) == 1 and (await links.of(link)).opened_at is None


async def test_a_link_is_dead_at_close_and_stays_dead_when_the_contact_is_opened_again(links: Links) -> None:
    link = await links.send()
    await close(links, link)
    assert (await links.place(link)).status == 410
    await links.store.run(lambda conn: reopen(conn, links.clock.now(), link.contact_id, "ada", 900) and None)
    answer = await links.get(link.path)
    assert answer.status == 410 and "conversation has ended" in answer.text
    assert (await links.place(link)).status == 410
    assert (await links.of(link)).ended_reason == "closed"


async def test_a_contact_closed_by_silence_ends_its_link(links: Links) -> None:
    link = await links.send()

    def work(conn: Any) -> int:
        conn.execute(tables.contacts.update().values(state="accepted"))
        return upkeep.close_silent(conn, at(9), at(8))

    assert await links.store.run(work) == 1
    assert (await links.of(link)).ended_reason == "closed"


async def test_a_new_link_ends_the_old_one(links: Links) -> None:
    contact = await links.contact()
    old, new = await links.send(contact), await links.send(contact, LinkMode.LIVE)
    answer = await links.get(old.path)
    assert answer.status == 410 and "newer link" in answer.text
    assert (await links.place(old)).status == 410 and (await links.place(new)).status == 200
    assert ((await links.of(old)).ended_reason, (await links.of(new)).ended_reason) == ("replaced", "")


async def test_a_page_of_another_contacts_link_is_refused(links: Links) -> None:
    ann, bob = await links.send(await links.contact(1)), await links.send(await links.contact(2))
    before = refusals("other_page")
    mixed = Sent(bob.path, bob.id, bob.contact_id, ann.ticket)
    for answer in (
        await links.place(mixed),
        await links.words(mixed, "x"),
        await links.form(mixed, words="x"),
        await links.life(mixed, "opened"),
        await links.post(f"{bob.path}/places", fix(), {}),
    ):
        assert answer.status == 403 and "another link" in answer.text
    assert refusals("other_page") == before + 5
    assert len(await links.rows(tables.raw_messages)) == 2 and (await links.of(bob)).opened_at is None


async def test_guessing_is_slowed_down_and_never_a_right_code(links: Links) -> None:
    link = await links.send()
    before = refusals("guessing")
    with capture_logs() as logged:
        answers = [(await links.get(f"/l/{n:010d}")).status for n in range(PEER_LIMIT + 5)]
    assert answers == [404] * PEER_LIMIT + [429] * 5
    assert refusals("guessing") == before + 5
    assert [one["reason"] for one in logged].count("guessing") == 1  # a flood fills no disk
    limited = await links.get("/l/0000000000")
    assert limited.status == 429 and 1 <= int(limited.headers["Retry-After"]) <= 60
    assert "Too many wrong links" in limited.text
    # From the very same address, as behind a mobile network's one: the right code is let in.
    assert (await links.get(link.path)).status == 200 and (await links.place(link)).status == 200
    links.monotonic_s = 61
    assert (await links.get("/l/0000000000")).status == 404


async def test_a_flood_of_guesses_keeps_no_right_code_waiting(links: Links) -> None:
    link = await links.send()
    guessed = 0

    async def guess() -> None:
        nonlocal guessed
        while True:
            assert (await links.get(f"/l/{guessed:010d}")).status in (404, 429)
            guessed += 1

    guessing = [asyncio.create_task(guess()) for _ in range(16)]
    waits_s = []
    for _ in range(10):
        began_s = time.perf_counter()
        assert (await links.place(link)).status == 200
        waits_s.append(time.perf_counter() - began_s)
    assert not any(one.done() for one in guessing) and guessed > 20
    for one in guessing:
        one.cancel()
    await asyncio.gather(*guessing, return_exceptions=True)
    assert statistics.median(waits_s) < 2.0, waits_s


async def test_a_closed_contact_is_sent_no_link(links: Links) -> None:
    link = await links.send()
    await close(links, link)
    with pytest.raises(Exception, match="closed"):
        await links.send(link.contact_id)
    assert len(await links.rows(tables.location_links)) == 1


async def test_one_callers_link_never_moves_another_caller(links: Links) -> None:
    behind = Behind(links.store)
    ann, bob = await links.contact(1), await links.contact(2)
    await links.place(await links.send(ann))
    await behind.triage()
    assert (await behind.contact(ann)).location is not None
    assert (await behind.contact(bob)).location is None


async def test_a_silent_caller_gets_neutral_words(links: Links) -> None:
    contact = await write_in(links.store, phone(3), "55", silent=True)
    await links.send(contact, LinkMode.LIVE)
    (reply,) = await links.rows(tables.replies)
    assert not re.search("999|police|emergency|where|place", reply.text.partition("https")[0], re.IGNORECASE)


async def test_the_life_of_a_link_takes_only_what_it_knows(links: Links) -> None:
    link = await links.send()
    for body in (b"", b"{}", b'{"what":"danced"}', b"[" * 400, b'{"what":"opened","who":1}', b"\xff" * 100):
        answer = await links.post(f"{link.path}/life", body, link.headers)
        assert answer.status == 400, body
    assert (await links.post(f"{link.path}/life", b"x" * 600, link.headers)).status == 413
    await links.life(link, "refused", "denied")
    assert (await links.of(link)).trouble == "denied"
    await links.life(link, "refused", "<script>")
    life = await links.of(link)
    assert (life.trouble, life.refused_at) == ("", at(0))


async def test_a_link_lives_a_day_and_not_longer_than_the_settings_say(links: Links) -> None:
    link = await links.send()
    assert (await links.of(link)).expires_at == at(0) + timedelta(days=1)
