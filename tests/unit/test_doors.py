"""The doors themselves: reading a mail's bytes, and the answers when something of ours goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.contact import RawMessage, Trust
from intake.doors import way_in
from intake.doors.mail_data import END, read_mail
from intake.errors import Forged
from intake.metrics import DoorCounts
from intake.ports import HttpDoor, SmtpDoor
from tests.contract.door_channel import Channel
from tests.contract.door_world import Databases, open_doors
from tests.payload_cases import raw_of
from tests.writers import accepting_of

LIMIT_BYTES = 1_000
AFTER = b"NOOP\r\n"
APP, EMAIL = Channel("app"), Channel("email")

lines = st.lists(
    st.sampled_from([b"", b".", b"..", b".x", b"fire", b"\r", b"\n.\n", b"a\rb", b"\r.", b"x" * 200])
)


async def read_in_pieces(sent: bytes, cuts: list[int], limit_bytes: int) -> tuple[bytes | None, bytes]:
    """What is read out of ``sent``, arriving in pieces, and what is left for the next command."""
    reader = asyncio.StreamReader(limit=64)
    reading = asyncio.ensure_future(read_mail(reader, limit_bytes))
    at = 0
    for cut in sorted(cut % (len(sent) + 1) for cut in cuts):
        reader.feed_data(sent[at:cut])
        at = cut
        await asyncio.sleep(0)
    reader.feed_data(sent[at:])
    found = await asyncio.wait_for(reading, 2)
    reader.feed_eof()
    return found, await reader.read()


@given(lines, st.lists(st.integers(0, 3_000), max_size=8))
def test_any_mail_is_read_as_it_was_sent(said: list[bytes], cuts: list[int]) -> None:
    """The sender's side of RFC 5321 §4.5.2 undone, wherever the packets break."""
    body = b"".join(line + b"\r\n" for line in said)
    stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]
    sent = stuffed + END[2:] + AFTER
    found, left = asyncio.run(read_in_pieces(sent, cuts, LIMIT_BYTES))
    if len(stuffed) > LIMIT_BYTES:
        assert found is None
    else:
        assert found == body
    assert left == AFTER


@pytest.mark.parametrize("size", [LIMIT_BYTES - 1, LIMIT_BYTES, LIMIT_BYTES + 1, 50 * LIMIT_BYTES])
async def test_the_limit_is_exact_and_the_rest_is_read_to_its_end(size: int) -> None:
    body = b"x" * (size - 2) + b"\r\n"
    found, left = await read_in_pieces(body + END[2:] + AFTER, list(range(0, size, 97)), LIMIT_BYTES)
    assert found == (body if size <= LIMIT_BYTES else None)
    assert left == AFTER


async def test_a_mail_that_breaks_off_is_no_mail() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"help\r\n")
    reader.feed_eof()
    with pytest.raises(ConnectionResetError):
        await read_mail(reader, LIMIT_BYTES)


class Changed:
    """An adapter with something else in all its doors."""

    def __init__(self, adapter: Any, **changes: Any):
        self._adapter, self._changes = adapter, changes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def doors(self) -> list[Any]:
        return [
            msgspec.structs.replace(
                door, **{name: new for name, new in self._changes.items() if name in door.__struct_fields__}
            )
            if isinstance(door, HttpDoor | SmtpDoor)
            else door
            for door in self._adapter.doors()
        ]


def fails(*_args: Any) -> Any:
    raise LookupError("a bug of ours")


def forges(_raw: RawMessage) -> Any:
    raise Forged("not ours")


@pytest.fixture
def url(tmp_path: Any) -> Iterator[str]:
    yield Databases(tmp_path).empty()


@pytest.mark.parametrize(("channel", "status"), [(APP, 503), (EMAIL, 451)], ids=["app", "email"])
async def test_a_bug_before_the_commit_promises_nothing(channel: Channel, status: int, url: str) -> None:
    async with open_doors(Changed(channel.adapter, authenticate=fails), url) as world:  # type: ignore[arg-type]
        answer = await world.send(channel.plain)
        assert answer.status == status and b"bug" not in answer.body
        assert world.count("raw_messages") == 0


async def test_a_bug_behind_the_commit_still_says_that_it_is_kept(url: str) -> None:
    """Anything but success would bring the same message again for ever."""
    async with open_doors(Changed(APP.adapter, accepted=fails), url) as world:  # type: ignore[arg-type]
        answer = await world.send(APP.plain)
        assert answer.status == 202
        assert world.count("messages") == 1


async def test_forged_mail_is_refused_for_good(url: str) -> None:
    async with open_doors(Changed(EMAIL.adapter, authenticate=forges), url) as world:  # type: ignore[arg-type]
        before = world.counted("email.1", "forged")
        assert (await world.send(EMAIL.plain)).status == 550
        assert world.counted("email.1", "forged") == before + 1
        assert world.count("raw_messages") == 0


async def test_the_order_stands_in_one_place(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Authenticate, normalise, store, answer (law 2), as it happens for one message."""
    seen: list[str] = []

    def noting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def note(*args: Any) -> Any:
            seen.append(name)
            return real(*args)

        return note

    (door, *_) = APP.adapter.doors()
    assert isinstance(door, HttpDoor)
    noted = {name: noting(name, getattr(door, name)) for name in ("authenticate", "normalise", "accepted")}
    async with open_doors(Changed(APP.adapter, **noted), url) as world:  # type: ignore[arg-type]
        accepting = accepting_of(world.store)
        monkeypatch.setattr(accepting, "commit", noting("commit", accepting.commit))
        case = next(one for one in APP.readable.values() if one["door"] == "app.open")
        assert (await world.send(case)).received
    assert seen == ["authenticate", "normalise", "commit", "accepted"]


async def test_a_sweep_vouches_for_what_it_brings(url: str) -> None:
    """What the provider itself listed needs no signature, and is known again by its id."""
    sms = Channel("sms")
    async with open_doors(sms.adapter, url) as world:
        door = world.door("sms.messages")
        entry = way_in.WayIn(world.store, world.store._clock, lambda: "")
        raw = msgspec.structs.replace(
            raw_of("sms", {**sms.plain, "headers": {}}), id="0194bd38-0000-7000-8000-000000000077"
        )
        counts = DoorCounts("sms", "sms.messages")
        first = await entry.admit(raw, door, counts, trust=Trust.POLLED)
        assert (await world.send(sms.plain)).received
        assert not first.duplicate and world.count("messages") == 1
        assert {row.trust for row in world.rows("SELECT trust FROM raw_messages")} == {"polled", "signed"}
