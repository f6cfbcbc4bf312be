"""The reference room as an outsider meets it: its feed, its page, its verdicts, its restarts."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from intake.contact import ChannelKind, RawMessage, RawMessageId
from intake.control_room import RoomId
from intake.feeds import FeedDoor, HttpsFeed, NoConfirmation
from intake.incident import Confirmation, Verdict
from intake.mait.signature import signed_headers
from intake.simulate.control_room import ControlRoomServer, Mode, Rule

from .test_feeds import ROOM, SECRET, at, now, transfer

AGENCY = "national-intake"


class Intake:
    """The originator's side of the verdicts: the real feed door behind a bare socket that can be down."""

    def __init__(self) -> None:
        self.door, self.verdicts, self.port = FeedDoor({ROOM: (SECRET,)}), list[Confirmation](), 0
        self.refusing = False
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.door.path}"

    async def up(self) -> None:
        app = web.Application()
        app.router.add_post(self.door.path, self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def down(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        if self.refusing:
            return web.Response(status=503)
        raw = RawMessage(
            id=RawMessageId("r"),
            channel=ChannelKind("mait"),
            door="mait",
            received_at=datetime.now(UTC),
            body=await request.read(),
            headers=request.headers,
        )
        self.door.authenticate(raw)
        self.verdicts.append(self.door.read(raw))
        return web.Response(status=204)


@pytest.fixture
async def intake() -> AsyncIterator[Intake]:
    made = Intake()
    await made.up()
    yield made
    await made.down()


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    rooms: list[ControlRoomServer] = []

    async def begin(**options: Any) -> ControlRoomServer:
        room = ControlRoomServer(ROOM, (SECRET,), database=tmp_path / "room.db", **options)
        await room.start()
        rooms.append(room)
        return room

    yield begin
    for room in rooms:
        await room.stop()


@pytest.fixture
async def feed() -> AsyncIterator[HttpsFeed]:
    made = HttpsFeed({ROOM: (SECRET,)}, agency=AGENCY, now=now, answer_timeout_s=2.0)
    yield made
    await made.close()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as made:
        yield made


async def until(true: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what it waits for is in another server
            await asyncio.sleep(0.02)


def proof(
    body: bytes, message_id: str = "m-1", agency: str = AGENCY, secret: bytes = SECRET
) -> dict[str, str]:
    return signed_headers(secret, agency=agency, message_id=message_id, body=body, now=now())


@pytest.mark.parametrize(
    ("rule", "verdict", "reference", "reason"),
    [
        (Rule.ACCEPT, Verdict.ACCEPTED, "WYF-000001", ""),
        (Rule.REJECT, Verdict.REJECTED, "WYF-000001", "Rejected by the rule this reference room runs."),
    ],
)
async def test_a_rule_decides_and_the_verdict_comes_signed_to_the_feed_door(
    start: Any, intake: Intake, feed: HttpsFeed, rule: Rule, verdict: Verdict, reference: str, reason: str
) -> None:
    room = await start(rule=rule, delay_s=0.05, callback_url=intake.url)
    assert (await feed.send(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING
    await until(lambda: bool(intake.verdicts))
    said = intake.verdicts[0]
    assert (said.verdict, said.reference, said.reason) == (verdict, reference, reason)
    await asyncio.sleep(0.5)
    assert len(intake.verdicts) == 1, "a verdict that was taken is not sent again"


async def test_a_verdict_waits_for_an_intake_that_is_down(
    start: Any, intake: Intake, feed: HttpsFeed
) -> None:
    await intake.down()
    room = await start(rule=Rule.ACCEPT, delay_s=0.0, callback_url=intake.url)
    await feed.send(transfer(), at(room.feed_url))
    await asyncio.sleep(0.6)
    intake.refusing = True
    await intake.up()
    await asyncio.sleep(0.6)
    assert intake.verdicts == []
    intake.refusing = False
    await until(lambda: bool(intake.verdicts))
    assert intake.verdicts[0].verdict is Verdict.ACCEPTED


async def test_what_was_decided_and_not_told_survives_a_restart(
    start: Any, intake: Intake, feed: HttpsFeed
) -> None:
    first = await start(rule=Rule.HAND)
    await feed.send(transfer(), at(first.feed_url))
    await first.decide("i-1", Verdict.REJECTED, "not ours")
    await first.stop()
    second = await start(rule=Rule.HAND, callback_url=intake.url)
    await until(lambda: bool(intake.verdicts))
    assert intake.verdicts[0].reason == "not ours"
    assert (await feed.ask(transfer(), at(second.feed_url))).verdict is Verdict.REJECTED


async def test_updates_of_an_accepted_incident_are_taken_with_it(
    start: Any, intake: Intake, feed: HttpsFeed
) -> None:
    room = await start(rule=Rule.HAND, callback_url=intake.url)
    await feed.send(transfer("m-1", 1), at(room.feed_url))
    await room.decide("i-1", Verdict.ACCEPTED)
    assert (await feed.send(transfer("m-2", 2), at(room.feed_url))).verdict is Verdict.CONSIDERING
    await until(lambda: len(intake.verdicts) == 2)
    assert {said.transfer_id: said.reference for said in intake.verdicts} == {
        "m-1": "WYF-000001",
        "m-2": "WYF-000001",
    }


GOOD = transfer().document


# Each case: the bytes, what was signed when it was not they, how it was signed, and the answer.
FEED_CASES: dict[str, tuple[bytes, bytes | None, dict[str, Any] | None, int]] = {
    "good": (GOOD, None, {}, 200),
    "tampered": (GOOD.replace(b"fire</Text>", b"flood</Text>"), GOOD, {}, 403),
    "unsigned": (GOOD, None, None, 403),
    "other-secret": (GOOD, None, {"secret": b"t" * 32}, 403),
    "own-name": (GOOD, None, {"agency": ROOM}, 403),
    "other-id": (GOOD, None, {"message_id": "m-2"}, 422),
    "empty": (b"", None, {}, 422),
    "broken": (b"<a", None, {}, 422),
    "doctype": (b"<!DOCTYPE x>" + GOOD, None, {}, 422),
    "not-utf8": (b"\xff\xfe\x00", None, {}, 422),
    "misaddressed": (transfer(to="other").document, None, {}, 422),
    "speaks-for-another": (GOOD.replace(b">national-intake<", b">someone-else<"), None, {}, 403),
    "invalid": (GOOD.replace(b"<Sequence>1<", b"<Sequence>one<"), None, {}, 422),
}


@pytest.mark.parametrize("case", FEED_CASES)
async def test_the_feed_refuses_aloud_and_keeps_only_what_it_confirms(
    start: Any, client: aiohttp.ClientSession, case: str
) -> None:
    body, signed, how, status = FEED_CASES[case]
    headers = {} if how is None else proof(body if signed is None else signed, **how)
    room = await start(rule=Rule.HAND)
    async with client.post(room.feed_url, data=body, headers=headers) as answer:
        assert answer.status == status, await answer.text()
    assert len(room.received) == (status == 200)


async def test_the_same_id_with_other_bytes_is_flagged_and_both_are_kept(
    start: Any, client: aiohttp.ClientSession
) -> None:
    room = await start(rule=Rule.HAND)
    other = GOOD.replace(b"fire</Text>", b"flood</Text>")
    for body, status in ((GOOD, 200), (GOOD, 200), (other, 409)):
        async with client.post(room.feed_url, data=body, headers=proof(body)) as answer:
            assert answer.status == status
    await sign_in(client, room)
    page = await text_of(client, f"{room.url}/incidents/i-1")
    assert "1 message(s) came again with other content" in page
    assert "sent 2 times" in page


async def sign_in(client: aiohttp.ClientSession, room: ControlRoomServer) -> None:
    async with client.post(f"{room.url}/sign-in", data={"token": room.admin_token}) as answer:
        assert answer.status == 200


async def text_of(client: aiohttp.ClientSession, url: str) -> str:
    async with client.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_updates_out_of_order_are_shown_in_order_and_the_gap_is_named(
    start: Any, client: aiohttp.ClientSession, feed: HttpsFeed
) -> None:
    room = await start(rule=Rule.HAND)
    await sign_in(client, room)
    await feed.send(transfer("m-3", 3, text="third <script>alert(1)</script> \u202e"), at(room.feed_url))
    await feed.send(transfer("m-1", 1, text="first"), at(room.feed_url))
    page = await text_of(client, f"{room.url}/incidents/i-1")
    assert "third &lt;script&gt;alert(1)&lt;/script&gt; [U+202E]" in page
    assert "Not arrived yet: message 2." in page
    assert re.findall(r"<tr><td>(\d)</td>", page) == ["1", "3"]
    await feed.send(transfer("m-2", 2, text="second"), at(room.feed_url))
    page = await text_of(client, f"{room.url}/incidents/i-1")
    assert "Not arrived yet" not in page
    assert "third" in page, "the newest by sequence is the picture, not the last to arrive"
    assert re.findall(r"<tr><td>(\d)</td>", page) == ["1", "2", "3"]


async def test_a_person_rejects_on_the_page_and_only_from_the_page(
    start: Any, client: aiohttp.ClientSession, feed: HttpsFeed, intake: Intake
) -> None:
    room = await start(rule=Rule.HAND, callback_url=intake.url)
    await feed.send(transfer(), at(room.feed_url))
    decision = f"{room.url}/incidents/i-1/decision"

    async def post(**form: str) -> tuple[int, str]:
        async with client.post(decision, data=form) as answer:
            return answer.status, await answer.text()

    _, page = await post(verdict="accept")
    assert "Sign in" in page, "not signed in"
    await sign_in(client, room)
    page = await text_of(client, f"{room.url}/incidents/i-1")
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    assert (await post(verdict="accept"))[0] == 403
    assert (await post(verdict="accept", csrf="x"))[0] == 403
    assert (await post(verdict="maybe", csrf=found[1]))[0] == 400
    async with client.get(decision) as answer:
        assert answer.status == 405
    status, page = await post(verdict="reject", csrf=found[1], reason=" ")
    assert (status, "Write why" in page) == (200, True)
    assert (await feed.ask(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING

    status, page = await post(verdict="reject", csrf=found[1], reason="belongs to <Bradford>")
    assert "belongs to &lt;Bradford&gt;" in page
    await until(lambda: bool(intake.verdicts))
    assert intake.verdicts[0].reason == "belongs to <Bradford>"


async def test_every_page_is_closed_to_strangers_and_carries_the_policy(
    start: Any, client: aiohttp.ClientSession, feed: HttpsFeed
) -> None:
    room = await start(rule=Rule.HAND)
    await feed.send(transfer(), at(room.feed_url))
    for path in ("/", "/incidents/i-1", "/messages/m-1.xml"):
        async with client.get(room.url + path, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    async with client.post(f"{room.url}/sign-in", data={"token": "guess"}) as answer:
        assert answer.status == 403
    await sign_in(client, room)
    for path, status in (
        ("/", 200),
        ("/incidents/i-1", 200),
        ("/messages/m-1.xml", 200),
        ("/incidents/x", 404),
    ):
        async with client.get(room.url + path) as answer:
            assert answer.status == status
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
    async with client.get(f"{room.url}/messages/m-1.xml") as answer:
        assert answer.content_type == "text/plain"


async def test_it_is_told_how_to_behave_by_the_holder_of_the_token_alone(
    start: Any, client: aiohttp.ClientSession
) -> None:
    room = await start()
    url, bearer = f"{room.url}/control/mode", {"Authorization": f"Bearer {room.admin_token}"}
    for body, headers, status in (
        ({"mode": "refuse"}, {}, 403),
        ({"mode": "refuse"}, {"Authorization": "Bearer x"}, 403),
        ({"mode": "nonsense"}, bearer, 400),
        ({"mode": "exit"}, bearer, 409),
    ):
        async with client.post(url, data=json.dumps(body), headers=headers) as answer:
            assert answer.status == status
    assert room.behaviour.mode is Mode.NORMAL
    async with client.post(url, data='{"mode": "slow", "slow_s": 0.5}', headers=bearer) as answer:
        assert answer.status == 200
    assert (room.behaviour.mode, room.behaviour.slow_s) == (Mode.SLOW, 0.5)


async def test_as_a_process_it_dies_after_storing_and_comes_back_with_everything(
    tmp_path: Path, intake: Intake, feed: HttpsFeed
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET.decode() + "\n")
    command = [
        sys.executable, "-m", "intake", "control-room", "--room", ROOM, "--port", "0", "--rule", "accept",
        "--callback", intake.url, "--secret-file", str(secret), "--db", str(tmp_path / "room.db"),
    ]  # fmt: skip
    dying = await asyncio.create_subprocess_exec(
        *command, "--mode", "exit", "--delay", "60", stdout=asyncio.subprocess.PIPE
    )
    await failing_send(feed, await feed_url(dying))
    assert await dying.wait() == 1
    living = await asyncio.create_subprocess_exec(*command, "--delay", "0", stdout=asyncio.subprocess.PIPE)
    try:
        said = await feed.ask(transfer(), at(await feed_url(living)))
        assert said.room_id == RoomId(ROOM)
        await until(lambda: bool(intake.verdicts))
    finally:
        living.send_signal(signal.SIGTERM)
        assert await living.wait() == 0


async def failing_send(feed: HttpsFeed, url: str) -> None:
    with pytest.raises(NoConfirmation):
        await feed.send(transfer(), at(url))


async def feed_url(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    found = re.search(r"feed (\S+)", line)
    assert found is not None, line
    return found[1]


async def test_a_short_secret_is_refused_at_the_start(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("short")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "intake", "control-room", "--room", ROOM, "--secret-file", str(secret),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"at least 32 bytes" in said
    assert b"short" not in said.replace(str(secret).encode(), b"")
