"""The console's interface over real HTTP and the real store: who may, what it answers, what it refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from intake.console.app import make_console_app
from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.errors import BadConfiguration
from intake.location import CallerLocation, LocationSource
from intake.store import tables, triage
from intake.store.store import Store
from tests.callers import at, phone, queue_of, write_in
from tests.desk import TOKENS, HandClock, console, make_desk, new_id

LEEDS = CallerLocation(
    latitude=53.7965, longitude=-1.5478, uncertainty_m=60, source=LocationSource.TEXT_POSTCODE, clue="LS1 4AP"
)
URL = "/api/v1/queue"


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def located(store: Store, contact_id: str) -> None:
    def work(conn: Any) -> None:
        fields = {"contact_id": contact_id, "message_id": None, "caller": phone(0), "actor": "triage"}
        triage.add_locations(conn, at(1), [LEEDS], new_id=new_id, **fields)
        triage.set_best(conn, at(1), contact_id, LEEDS)

    await store.run(work)


async def test_a_contact_is_worked_from_the_queue_to_its_control_room(store: Store, clock: HandClock) -> None:
    first, second = await queue_of(store, 2)
    await located(store, first)
    clock.seconds = 30
    async with console(store, clock) as server, ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada:
        page = await ada.queue()
        assert [(row.id, row.reference, row.waiting_s) for row in page.rows] == [
            (first, "26-000001", 30.0),
            (second, "26-000002", 29.0),
        ]
        assert page.counts.claimable == {2: 2} and page.handler == "ada"
        row = await ada.claim_next()
        assert row is not None and (row.id, row.claimed_by, row.until) == (first, "ada", at(45))
        await ada.change("1", "service", attempts=row.attempts, service="fire")
        preview = await ada.route("26-000001")
        assert [(d.service, d.room_id) for d in preview.decisions] == [("fire", "fire-west-yorkshire")]
        assert await rows(store, tables.decisions) == []  # a preview stores nothing
        await ada.reply(first, row.attempts, "Which floor are you on?")
        sent = await ada.send("1", attempts=row.attempts, services=["fire", "police"])
        assert sent.contact.state == "sending" and len(sent.transfer_ids) == 2
        shown = await ada.show("1")
    assert [(line.author, line.text, line.delivery) for line in shown.conversation] == [
        ("caller", "help", ""),
        ("ada", "Which floor are you on?", "queued"),
    ]
    assert {(t.room_name, t.state) for t in shown.transfers} == {
        ("West Yorkshire Fire and Rescue Service", "queued"),
        ("West Yorkshire Police", "queued"),
    }
    assert {d.decided_by for d in shown.decisions} == {"ada"}
    assert [one.chosen for one in shown.places] == [True]
    assert shown.moments.first_shown_at == at(30) and shown.moments.first_reply_at == at(30)
    # Law 10: decision, transfer and log event stand together.
    transfers = await rows(store, tables.transfers)
    assert {t.decision_id for t in transfers} == {d.id for d in await rows(store, tables.decisions)}
    assert {e.data["transfer_id"] for e in shown.log if "transfer_id" in e.data} == {t.id for t in transfers}


async def rows(store: Store, table: Any) -> list[Any]:
    return list(await store.read(lambda conn: conn.execute(select(table)).all()))


async def test_the_second_taker_learns_who_has_it_and_a_lapse_frees_it(
    store: Store, clock: HandClock
) -> None:
    (one,) = await queue_of(store, 1)
    async with console(store, clock) as server:
        url = str(server.make_url(""))
        async with ConsoleClient(url, TOKENS["ada"]) as ada, ConsoleClient(url, TOKENS["bea"]) as bea:
            mine = await ada.change(one, "claim")
            with pytest.raises(ConsoleRefused, match="26-000001 is with ada") as refused:
                await bea.change(one, "claim")
            assert (refused.value.status, refused.value.problem.code) == (409, "stale_claim")
            assert await bea.claim_next() is None
            clock.seconds = 14
            assert (await ada.change(one, "renew", attempts=mine.attempts)).until == at(29)
            clock.seconds = 29  # Ada's desk is gone
            assert (await bea.queue()).rows[0].claimable
            assert (await bea.change(one, "claim", lease_s=10_000)).until == at(29 + 900)  # the limit
            with pytest.raises(ConsoleRefused, match="is with bea"):
                await ada.reply(one, mine.attempts, "Are you there?")
    assert await rows(store, tables.replies) == []


async def test_hold_release_close_reopen_and_places(store: Store, clock: HandClock) -> None:
    (one,) = await queue_of(store, 1)
    async with console(store, clock) as server, ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada:
        mine = await ada.change(one, "claim")
        fence = {"attempts": mine.attempts}
        row = await ada.change(one, "locations", **fence, latitude=50.54, longitude=-4.94, uncertainty_m=200)
        assert row.place is not None and (row.place.source, row.place.radius_m) == ("handler", 200.0)
        row = await ada.change(one, "locations", **fence, text="it is at 53.7965, -1.5478")
        assert row.place is not None and row.place.latitude == 53.7965
        assert len((await ada.show(one)).places) == 2  # appended, not overwritten
        with pytest.raises(ConsoleRefused, match="must name one place"):
            await ada.change(one, "locations", **fence, text="by the big tree")
        held = await ada.change(one, "hold", **fence, for_s=60, reason="asked for the address")
        assert (held.state, held.until, held.claimed_by) == ("held", at(60), "")
        for wrong in ({}, {"for_s": 1, "until": "2026-03-01T13:00:00Z"}, {"for_s": 1e300}):
            with pytest.raises(ConsoleRefused) as bad:
                await ada.change(one, "hold", **fence, reason="x", **wrong)
            assert bad.value.status == 400
        again = await ada.change(one, "claim")
        done = await ada.change(one, "close", attempts=again.attempts, reason="not an emergency")
        assert (done.state, done.claimable) == ("closed", False)
        assert (await ada.queue()).rows == []
        assert (await ada.change(one, "reopen")).state == "open"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthorised"),
        ({"Authorization": "Bearer wrong"}, 401, "unauthorised"),
        ({"Authorization": f"Basic {TOKENS['ada']}"}, 401, "unauthorised"),
        ({"Authorization": "Bearer \udcff"}, 401, "unauthorised"),
        ({**bearer("ada"), "Origin": "https://example.org"}, 403, "foreign_origin"),
        ({**bearer("ada"), "Sec-Fetch-Site": "cross-site"}, 403, "foreign_origin"),
        (bearer("ada"), 200, None),
    ],
)
async def test_who_may_ask(
    store: Store, clock: HandClock, headers: dict[str, str], status: int, code: str | None
) -> None:
    async with (
        console(store, clock) as server,
        aiohttp.ClientSession() as http,
        http.get(server.make_url(URL), headers=headers) as response,
    ):
        body = await response.json()
        assert (response.status, body.get("code")) == (status, code)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_a_page_of_the_console_itself_may_ask(store: Store, clock: HandClock) -> None:
    async with console(store, clock) as server, aiohttp.ClientSession(headers=bearer("ada")) as http:
        origin = {"Origin": f"http://{server.host}:{server.port}", "Sec-Fetch-Site": "same-origin"}
        async with http.get(server.make_url("/api/v1/me"), headers=origin) as response:
            assert (await response.json())["handler"] == "ada"


BAD = [
    ("POST", "/queue/claim", b"{", "application/json", 400, "bad_request"),
    ("POST", "/queue/claim", b"[" * 20_000, "application/json", 400, "bad_request"),
    ("POST", "/queue/claim", b'{"lease": 5}', "application/json", 400, "bad_request"),
    ("POST", "/queue/claim", b'{"lease_s": -1}', "application/json", 400, "bad_request"),
    ("POST", "/queue/claim", b"{}", "text/plain", 415, "unsupported_media_type"),
    ("POST", "/queue/claim", b"x" * 70_000, "application/json", 413, "too_large"),
    ("POST", "/contacts/1/replies", b'{"attempts":0,"text":""}', "application/json", 400, "bad_request"),
    ("POST", "/contacts/1/replies", b'{"attempts":0,"text":"\xff"}', "application/json", 400, "bad_request"),
    ("POST", "/contacts/1/priority", b'{"attempts":0,"priority":0}', "application/json", 400, "bad_request"),
    ("POST", "/contacts/1/release", b'{"attempts":0}', "application/json", 409, "stale_claim"),
    (
        "POST",
        "/contacts/1/send",
        b'{"attempts":0,"services":["navy"]}',
        "application/json",
        400,
        "bad_request",
    ),
    (
        "POST",
        "/contacts/1/send",
        b'{"attempts":0,"services":["fire"]}',
        "application/json",
        409,
        "stale_claim",
    ),
    ("POST", "/contacts/99/claim", b"{}", "application/json", 404, "not_found"),
    ("GET", "/contacts/26-000099", b"", "", 404, "not_found"),
    ("GET", "/contacts/%27%3B--", b"", "", 404, "not_found"),
    ("GET", "/contacts/1/route?service=navy", b"", "", 400, "bad_request"),
    ("GET", "/queue?limit=101", b"", "", 400, "bad_request"),
    ("GET", "/queue?limit=1&limit=2", b"", "", 400, "bad_request"),
    ("GET", "/queue?state=lost", b"", "", 400, "bad_request"),
    ("GET", "/queue?after=1.99999999999999999999.x", b"", "", 400, "bad_request"),
    ("GET", f"/queue?after={'9' * 23}.1.x", b"", "", 400, "bad_request"),
    ("GET", "/queue?after=1.-1.x", b"", "", 400, "bad_request"),
    ("GET", f"/queue?after=1.1.{'x' * 37}", b"", "", 400, "bad_request"),
    ("GET", "/queue?colour=red", b"", "", 400, "bad_request"),
    ("GET", "/nothing", b"", "", 404, "no_such_path"),
    ("DELETE", "/queue", b"", "", 405, "method_not_allowed"),
]


async def test_every_refusal_is_json_with_a_code_and_changes_nothing(store: Store, clock: HandClock) -> None:
    await write_in(store, phone(1))
    before = await rows(store, tables.contacts)
    async with console(store, clock) as server, aiohttp.ClientSession(headers=bearer("ada")) as http:
        for method, path, body, kind, status, code in BAD:
            headers = {"Content-Type": kind} if kind else {}
            url = str(server.make_url("/api/v1")) + path
            async with http.request(method, url, data=body or None, headers=headers) as response:
                problem = await response.json()
                assert (response.status, problem["code"]) == (status, code), (path, body[:40], problem)
                assert set(problem) == {"code", "message"} and problem["message"]
    assert await rows(store, tables.contacts) == before


async def test_a_body_that_drips_is_cut_off(store: Store, clock: HandClock) -> None:
    async def drip() -> Any:
        yield b"{"
        await server_gone.wait()

    server_gone = asyncio.Event()
    kind = {"Content-Type": "application/json"}
    async with (
        console(store, clock, read_timeout_s=0.2) as server,
        aiohttp.ClientSession(headers=bearer("ada")) as http,
        http.post(server.make_url("/api/v1/queue/claim"), data=drip(), headers=kind) as response,
    ):
        assert (response.status, (await response.json())["code"]) == (408, "request_timeout")
        server_gone.set()


async def test_a_failure_of_ours_tells_nothing_of_the_inside(store: Store, clock: HandClock) -> None:
    class Broken:
        async def send(self, *_args: Any, **_more: Any) -> list[Any]:
            raise RuntimeError("secret detail")

    (one,) = await queue_of(store, 1)
    async with console(store, clock, handover=Broken()) as server:
        ada = ConsoleClient(str(server.make_url("")), TOKENS["ada"])
        async with ada:
            with pytest.raises(ConsoleRefused) as failed:
                await ada.send(one, attempts=0, services=["fire"])
    assert (failed.value.status, failed.value.problem.code) == (500, "internal")
    assert "secret" not in str(failed.value)


async def test_tokens_that_cannot_be_right_stop_the_start_with_every_reason(
    store: Store, clock: HandClock
) -> None:
    tokens = {"Ada": "0" * 64, "bea": "not hex", "intake": "1" * 64, "cy": "1" * 64}
    with pytest.raises(BadConfiguration) as refused:
        make_console_app(make_desk(store, clock, tokens=tokens))
    told = "\n".join(refused.value.problems)
    assert "'Ada'" in told and "tokens.bea" in told and "'intake'" in told and "share a token" in told
