"""The reference room as an outsider meets it: its feed, its page, its verdicts, its restarts."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from intake.control_room import RoomId
from intake.feeds import HttpsFeed
from intake.incident import Verdict
from intake.simulate.control_room import Mode, Rule
from tests.rooms import ROOM, SECRET, VerdictTaker, at, failing, proof, sign_in, text_of, transfer, until


@pytest.mark.parametrize(
    ("rule", "verdict", "reference", "reason"),
    [
        (Rule.ACCEPT, Verdict.ACCEPTED, "WYF-000001", ""),
        (Rule.REJECT, Verdict.REJECTED, "WYF-000001", "Rejected by the rule this reference room runs."),
    ],
)
async def test_a_rule_decides_and_the_verdict_comes_signed_to_the_feed_door(
    start_room: Any,
    taker: VerdictTaker,
    room_feed: HttpsFeed,
    rule: Rule,
    verdict: Verdict,
    reference: str,
    reason: str,
) -> None:
    room = await start_room(rule=rule, delay_s=0.05, callback_url=taker.url)
    assert (await room_feed.send(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING
    await until(lambda: bool(taker.verdicts))
    said = taker.verdicts[0]
    assert (said.verdict, said.reference, said.reason) == (verdict, reference, reason)
    await asyncio.sleep(0.5)
    assert len(taker.verdicts) == 1, "a verdict that was taken is not sent again"


async def test_a_verdict_waits_for_an_intake_that_is_down(
    start_room: Any, taker: VerdictTaker, room_feed: HttpsFeed
) -> None:
    await taker.down()
    room = await start_room(rule=Rule.ACCEPT, delay_s=0.0, callback_url=taker.url)
    await room_feed.send(transfer(), at(room.feed_url))
    await asyncio.sleep(0.6)
    taker.refusing = True
    await taker.up()
    await asyncio.sleep(0.6)
    assert taker.verdicts == []
    taker.refusing = False
    await until(lambda: bool(taker.verdicts))
    assert taker.verdicts[0].verdict is Verdict.ACCEPTED


async def test_what_was_decided_and_not_told_survives_a_restart(
    start_room: Any, taker: VerdictTaker, room_feed: HttpsFeed
) -> None:
    first = await start_room(rule=Rule.HAND)
    await room_feed.send(transfer(), at(first.feed_url))
    await first.decide("i-1", Verdict.REJECTED, "not ours")
    await first.stop()
    second = await start_room(rule=Rule.HAND, callback_url=taker.url)
    await until(lambda: bool(taker.verdicts))
    assert taker.verdicts[0].reason == "not ours"
    assert (await room_feed.ask(transfer(), at(second.feed_url))).verdict is Verdict.REJECTED


async def test_updates_of_an_accepted_incident_are_taken_with_it(
    start_room: Any, taker: VerdictTaker, room_feed: HttpsFeed
) -> None:
    room = await start_room(rule=Rule.HAND, callback_url=taker.url)
    await room_feed.send(transfer("m-1", 1), at(room.feed_url))
    await room.decide("i-1", Verdict.ACCEPTED)
    assert (await room_feed.send(transfer("m-2", 2), at(room.feed_url))).verdict is Verdict.CONSIDERING
    await until(lambda: len(taker.verdicts) == 2)
    assert {said.transfer_id: said.reference for said in taker.verdicts} == {
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
    start_room: Any, http: aiohttp.ClientSession, case: str
) -> None:
    body, signed, how, status = FEED_CASES[case]
    headers = {} if how is None else proof(body if signed is None else signed, **how)
    room = await start_room(rule=Rule.HAND)
    async with http.post(room.feed_url, data=body, headers=headers) as answer:
        assert answer.status == status, await answer.text()
    assert len(room.received) == (status == 200)


async def test_the_same_id_with_other_bytes_is_flagged_and_both_are_kept(
    start_room: Any, http: aiohttp.ClientSession
) -> None:
    room = await start_room(rule=Rule.HAND)
    other = GOOD.replace(b"fire</Text>", b"flood</Text>")
    for body, status in ((GOOD, 200), (GOOD, 200), (other, 409)):
        async with http.post(room.feed_url, data=body, headers=proof(body)) as answer:
            assert answer.status == status
    await sign_in(http, room)
    page = await text_of(http, f"{room.url}/incidents/i-1")
    assert "1 message(s) came again with other content" in page
    assert "sent 2 times" in page


async def test_it_is_told_how_to_behave_by_the_holder_of_the_token_alone(
    start_room: Any, http: aiohttp.ClientSession
) -> None:
    room = await start_room()
    url, bearer = f"{room.url}/control/mode", {"Authorization": f"Bearer {room.admin_token}"}
    for body, headers, status in (
        ({"mode": "refuse"}, {}, 403),
        ({"mode": "refuse"}, {"Authorization": "Bearer x"}, 403),
        ({"mode": "nonsense"}, bearer, 400),
        ({"mode": "exit"}, bearer, 409),
    ):
        async with http.post(url, data=json.dumps(body), headers=headers) as answer:
            assert answer.status == status
    assert room.behaviour.mode is Mode.NORMAL
    async with http.post(url, data='{"mode": "slow", "slow_s": 0.5}', headers=bearer) as answer:
        assert answer.status == 200
    assert (room.behaviour.mode, room.behaviour.slow_s) == (Mode.SLOW, 0.5)


async def test_as_a_process_it_dies_after_storing_and_comes_back_with_everything(
    tmp_path: Path, taker: VerdictTaker, room_feed: HttpsFeed
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET.decode() + "\n")
    command = [
        sys.executable, "-m", "intake", "control-room", "--room", ROOM, "--port", "0", "--rule", "accept",
        "--callback", taker.url, "--secret-file", str(secret), "--db", str(tmp_path / "room.db"),
    ]  # fmt: skip
    dying = await asyncio.create_subprocess_exec(
        *command, "--mode", "exit", "--delay", "60", stdout=asyncio.subprocess.PIPE
    )
    await failing(room_feed.send(transfer(), at(await feed_url(dying))))
    assert await dying.wait() == 1
    living = await asyncio.create_subprocess_exec(*command, "--delay", "0", stdout=asyncio.subprocess.PIPE)
    try:
        said = await room_feed.ask(transfer(), at(await feed_url(living)))
        assert said.room_id == RoomId(ROOM)
        await until(lambda: bool(taker.verdicts))
    finally:
        living.send_signal(signal.SIGTERM)
        assert await living.wait() == 0


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
