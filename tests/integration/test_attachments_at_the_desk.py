"""An attachment at the desk: who looks is on record before a byte goes out, and what goes out is ours."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

import channels
from intake.app import open_channels
from intake.clock import SteadyClock
from intake.console.api.attachments import STATUS
from intake.console.attachments.fetching import AT_ONCE, Attachments
from intake.contact import CallerUri, ChannelKind, ContactId, MediaReference, RawMessage, RawMessageId, Trust
from intake.errors import BadConfiguration, MediaFailed, MediaTrouble
from intake.settings import Settings
from intake.store import audit, contacts
from intake.store.audit import AuditRecord, Search
from intake.store.store import Store
from tests.callers import NOON, phone, write_in
from tests.contract.test_audit_chain import tamper
from tests.desk import TOKENS, HandClock, console, new_id
from tests.drawn import SECRET, picture, sound
from tests.integration.test_attachments_fetched import CONTEXT, mail
from tests.integration.test_audit_at_the_desk import tamper_back
from tests.integration.test_queue_command import Terminal
from tests.people import gate_for, make_account, session_of

HTML = b"<!doctype html><script>alert(document.domain)</script>"
ADA = {"Authorization": f"Bearer {TOKENS['ada']}"}
ACTION = "contact.attachment"


class Source:
    """A channel whose messages name files by their own words; ``does`` is asked first."""

    kind = ChannelKind("sms")

    def __init__(self) -> None:
        self.files = {
            "picture": picture(place=(53.796, -1.5475)),
            "sound": sound(),
            "page": HTML,
            "cut": picture()[:500],
            "empty": b"",
        }
        self.does: Callable[[], Any] | None = None
        self.asked: list[str] = []
        self.inside = self.most = 0

    async def fetch(self, media: MediaReference, raw_body: bytes, limit_bytes: int) -> bytes:
        self.asked.append(media.reference)
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            if self.does is not None:
                await self.does()
            return self.files[media.reference]
        finally:
            self.inside -= 1


class Desk:
    """A console over a store, and what its own paths answer."""

    def __init__(self, url: Any, http: aiohttp.ClientSession):
        self._url, self._http = url, http

    async def look(self, contact: str, message: str, number: int = 1, **how: Any) -> tuple[Any, bytes]:
        path = f"/api/v1/contacts/{contact}/messages/{message}/attachments/{number}"
        async with self._http.get(self._url.join(type(self._url)(path)), headers=how or ADA) as answer:
            return answer, await answer.read()

    async def code(self, contact: str, message: str, number: int = 1) -> tuple[int, str]:
        answer, body = await self.look(contact, message, number)
        return answer.status, json.loads(body)["code"]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def source() -> Source:
    return Source()


@asynccontextmanager
async def desk_with(
    store: Store, clock: HandClock, *sources: Any, timeout_s: float = 20
) -> AsyncIterator[Desk]:
    brings = Attachments(sources, limit_bytes=1_000_000, timeout_s=timeout_s)
    async with (
        console(store, clock, attachments=brings) as server,
        aiohttp.ClientSession() as http,
    ):
        yield Desk(server.make_url("/"), http)


@pytest.fixture
async def desk(store: Store, clock: HandClock, source: Source) -> AsyncIterator[Desk]:
    async with desk_with(store, clock, source) as made:
        yield made


async def sends(store: Store, *references: str, caller: int = 1, **fields: Any) -> tuple[ContactId, str]:
    """A caller attaches files; returns the contact and its newest message."""
    media = tuple(MediaReference(kind="url", reference=one, name=f"{one}.jpg") for one in references)
    contact_id = await write_in(store, phone(caller), attachments=media, **fields)
    said, _ = await store.read(lambda conn: contacts.conversation(conn, contact_id))
    return contact_id, said[-1].id


async def records(store: Store, action: str = ACTION) -> list[AuditRecord]:
    return list(await store.read(lambda conn: audit.search(conn, Search(action=action), 100)))


async def test_a_picture_comes_drawn_anew_with_headers_of_its_own(store: Store, desk: Desk) -> None:
    contact_id, message = await sends(store, "picture")
    answer, body = await desk.look("1", message)
    assert answer.status == 200 and answer.content_type == "image/jpeg"
    assert Image.open(io.BytesIO(body)).size == (640, 480)
    assert SECRET not in body and b"Exif" not in body
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="caller-1-picture.jpg"'
    facts = json.loads(answer.headers["X-Attachment"])
    assert facts == {
        "sort": "picture",
        "name": "caller-1-picture.jpg",
        "width": 640,
        "height": 480,
        "latitude": pytest.approx(53.796),
        "longitude": pytest.approx(-1.5475),
    }
    (record,) = await records(store)
    assert (record.actor, record.contact_id) == ("ada", contact_id)
    assert record.data == {"message": message, "number": 1, "sort": "picture"}


async def test_each_look_is_on_record(store: Store, desk: Desk) -> None:
    _, message = await sends(store, "picture", "sound")
    for number in (1, 2, 1):
        assert (await desk.look("26-000001", message, number))[0].status == 200
    assert [one.data["number"] for one in reversed(await records(store))] == [1, 2, 1]


async def test_what_cannot_be_recorded_is_not_shown(store: Store, desk: Desk, source: Source) -> None:
    """Negative control of the record: the file is there, the provider gives it, and nobody gets it."""
    _, message = await sends(store, "picture")
    await tamper(store, "ALTER TABLE audit_records RENAME TO elsewhere")
    answer, body = await desk.look("1", message)
    assert answer.status == 503 and answer.content_type == "application/json"
    assert source.asked == ["picture"] and b"JFIF" not in body
    await tamper_back(store)
    assert (await desk.look("1", message))[0].status == 200
    assert len(await records(store)) == 1


@pytest.mark.parametrize(
    ("reference", "content_type", "sort", "name"),
    [
        ("sound", "audio/wav", "sound", "caller-1-sound.wav"),
        ("page", "application/octet-stream", "file", "caller-1-page-jpg.bin"),
    ],
)
async def test_its_type_is_its_bytes_and_never_the_senders_word(
    store: Store, desk: Desk, source: Source, reference: str, content_type: str, sort: str, name: str
) -> None:
    _, message = await sends(store, reference)
    answer, body = await desk.look("1", message)
    assert answer.content_type == content_type and body == source.files[reference]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert json.loads(answer.headers["X-Attachment"]) == {"sort": sort, "name": name}


@pytest.mark.parametrize("reference", ["cut", "empty"])
async def test_what_cannot_be_read_is_said(store: Store, desk: Desk, reference: str) -> None:
    _, message = await sends(store, reference)
    assert await desk.code("1", message) == (422, "media_not_understood")
    assert await records(store) == [], "nothing was seen"


@pytest.mark.parametrize("trouble", list(MediaTrouble))
async def test_each_trouble_has_its_own_word(
    store: Store, desk: Desk, source: Source, trouble: MediaTrouble
) -> None:
    async def fails() -> None:
        raise MediaFailed(trouble, "in plain words")

    _, message = await sends(store, "picture")
    source.does = fails
    assert await desk.code("1", message) == (STATUS[trouble], f"media_{trouble}")
    source.does = None
    assert (await desk.look("1", message))[0].status == 200, "and trying again helps"


async def test_a_provider_that_never_answers_costs_seconds(store: Store, clock: HandClock) -> None:
    source = Source()
    source.does = asyncio.Event().wait
    _, message = await sends(store, "picture")
    async with desk_with(store, clock, source, timeout_s=0.3) as desk:
        assert await desk.code("1", message) == (502, "media_unreachable")
        source.does = None
        assert (await desk.look("1", message))[0].status == 200


async def test_so_many_files_are_held_at_one_time(store: Store, clock: HandClock) -> None:
    source, go = Source(), asyncio.Event()
    source.does = go.wait
    _, message = await sends(store, "sound")
    async with desk_with(store, clock, source, timeout_s=60) as desk:
        looks = [asyncio.ensure_future(desk.look("1", message)) for _ in range(AT_ONCE + 4)]
        async with asyncio.timeout(30):
            while source.inside < AT_ONCE:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        go.set()
        assert {answer.status for answer, _ in await asyncio.gather(*looks)} == {200}
    assert source.most == AT_ONCE


async def test_only_what_this_contacts_own_message_names(store: Store, desk: Desk, source: Source) -> None:
    _, mine = await sends(store, "picture", caller=1)
    _, theirs = await sends(store, "sound", caller=2)
    for contact, message, number in (
        ("1", theirs, 1),
        ("2", mine, 1),
        ("1", mine, 2),
        ("1", mine, 0),
        ("1", new_id(), 1),
        ("9", mine, 1),
    ):
        assert await desk.code(contact, message, number) == (404, "not_found")
    for message in ("..%2f1", "%00" * 36, "x" * 36, "0"):
        assert await desk.code("1", message) == (404, "no_such_path")
    assert source.asked == [] and await records(store) == []


async def test_an_auditor_and_a_stranger_get_nothing(store: Store, desk: Desk, source: Source) -> None:
    _, message = await sends(store, "picture")
    answer, body = await desk.look("1", message, Authorization="Bearer nobody")
    assert answer.status == 401 and b"JFIF" not in body and source.asked == []


async def test_a_merged_contacts_attachment_is_the_kept_ones_too(store: Store, desk: Desk) -> None:
    kept, _ = await sends(store, "sound", caller=1)
    _, message = await sends(store, "picture", caller=2)
    async with aiohttp.ClientSession(headers=ADA) as http:
        url = str(desk._url.join(type(desk._url)("/api/v1/contacts/2")))
        async with http.post(f"{url}/claim", json={}) as answer:
            attempts = (await answer.json())["contact"]["attempts"]
        said = {"attempts": attempts, "into": kept, "reason": "one caller"}
        async with http.post(f"{url}/merge", json=said) as answer:
            assert answer.status == 200, await answer.text()
    assert (await desk.look("1", message))[0].status == 200
    (record,) = await records(store)
    assert record.contact_id == kept


async def test_a_mails_picture_comes_from_the_mail_we_keep(store: Store, clock: HandClock) -> None:
    adapter: Any = channels.make_adapter("email", {"mailboxes": ["999@example.org"]}, CONTEXT)
    raw = RawMessage(
        id=RawMessageId(new_id()),
        channel=ChannelKind("email"),
        door="email.1",
        received_at=NOON,
        body=mail(picture(form="PNG")),
        headers={},
    )
    said = adapter.doors()[0].normalise(raw)
    receipt = await store.accept(raw, said, trust=Trust.ANONYMOUS, defect=None)
    assert receipt.caller == CallerUri("mailto:jo@example.com")
    async with desk_with(store, clock, adapter, Source()) as desk:
        answer, body = await desk.look("1", receipt.message_id)
    assert answer.content_type == "image/jpeg" and Image.open(io.BytesIO(body)).size == (640, 480)


async def test_a_console_without_that_channel_says_so(store: Store, clock: HandClock) -> None:
    _, message = await sends(store, "picture")
    async with desk_with(store, clock) as desk:
        assert await desk.code("1", message) == (501, "media_no_access")


def test_a_console_of_its_own_does_without_a_channel_whose_key_it_was_not_given() -> None:
    table = {"enabled": True, "mailboxes": ["999@example.org"]}
    settings = Settings(channels={"sms": {"enabled": True}, "email": table})
    opened = open_channels(settings, SteadyClock(), leave_out=True)
    assert [one.kind for one in opened] == ["email"]
    with pytest.raises(BadConfiguration, match=r"channels\.sms"):
        open_channels(settings, SteadyClock())


async def test_from_a_terminal_into_a_new_file_and_on_record(
    store: Store,
    clock: HandClock,
    source: Source,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
    _, message = await sends(store, "picture")
    out = tmp_path / "look.jpg"
    brings = Attachments([source], limit_bytes=1_000_000, timeout_s=20)  # type: ignore[list-item]
    async with console(store, clock, attachments=brings) as server:
        terminal = Terminal(str(server.make_url("")), capsys)
        assert f"attachment {message} 1" in await terminal.says("show", "1")
        asks = ("attachment", "1", message, "1", "--out", str(out))
        assert "viruses" in await terminal.says(*asks)
        before, looked = out.read_bytes(), len(source.asked)
        assert before.startswith(b"\xff\xd8\xff") and SECRET not in before
        assert out.stat().st_mode & 0o077 == 0
        code, _, said = await terminal.type(*asks)
        assert code == 1 and "File exists" in said and out.read_bytes() == before
        assert len(source.asked) == looked, "what could not be kept was not looked at"
        source.files["picture"] = b"\xff\xd8\xff broken"
        other = tmp_path / "broken.jpg"
        code, _, said = await terminal.type("attachment", "1", message, "1", "--out", str(other))
        assert code == 1 and "broken" in said and not other.exists()
    assert len(await records(store)) == 1


async def test_the_desks_page_alone_may_show_what_it_was_given(store: Store, clock: HandClock) -> None:
    """From its own memory, and from no other host: every other page keeps the one policy (UX, section 1)."""
    one_policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    sue = await make_account(store, "sue", "supervisor")
    async with (
        console(store, clock, **gate_for(store, clock)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        found = {}
        for path in ("/desk", "/supervisor", "/wall", "/account", "/sign-in"):
            cookies = (await session_of(store, clock, sue)).cookies
            async with http.get(server.make_url(path), cookies=cookies) as answer:
                assert answer.status == 200, path
                found[path] = answer.headers["Content-Security-Policy"]
    assert found.pop("/desk") == one_policy.replace("data:", "data: blob:") + "; media-src blob:"
    assert set(found.values()) == {one_policy}
