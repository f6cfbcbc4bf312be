"""Mail through the real SMTP door with STARTTLS, and answers through a relay that may refuse them."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
import trustme
import uuid_utils
from sqlalchemy import select

from channels import make_adapter
from intake.clock import SteadyClock
from intake.contact import CallerUri, ChannelKind, ContactId, Reply
from intake.doors.smtp import SmtpDoors, open_smtp
from intake.doors.way_in import WayIn
from intake.errors import ReplyFailed
from intake.ports import ChannelContext
from intake.simulate.mail import MailSink, bounce, letter, nested_bomb, out_of_office, send_mail
from intake.store.store import Store
from intake.store.tables import contacts, delivery_reports, messages, raw_messages
from intake.workers.parsing import Parsing

OURS = "999@intake.example.org"
ANN = "ann@example.com"


class MailWorld:
    """Our SMTP door and parser over a store, and a relay outside."""

    def __init__(self, store: Store, relay: MailSink, folder: Path, authority: trustme.CA):
        self.store = store
        self.relay = relay
        self.authority = authority
        self.trusted = ssl.create_default_context()
        authority.configure_trust(self.trusted)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        clock = SteadyClock()
        table = {
            "mailboxes": [OURS],
            "body_limit_bytes": 65_536,
            "relay_host": "localhost",
            "relay_port": relay.port,
            "relay_start_tls": "always",
            "relay_ca_file": str(folder / "ca.pem"),
        }
        context = ChannelContext(public_url="", new_id=lambda: str(uuid_utils.uuid7()), now=clock.now)
        self.adapter = make_adapter("email", table, context)
        self.parsing = Parsing(store, [self.adapter])
        self.doors = SmtpDoors([self.adapter], WayIn(store, clock, context.new_id))
        self.port = 0

    async def send(self, message: Any, sender: str = ANN, recipient: str = OURS) -> str:
        return await send_mail(
            "localhost", self.port, message, sender=sender, recipient=recipient, tls=self.trusted
        )

    async def rows(self, table: Any) -> list[Any]:
        return list(await self.store.read(lambda conn: conn.execute(select(table)).all()))

    def reply(self, reply_to: str, **fields: Any) -> Reply:
        return Reply(
            id="0194bd38-0000-7000-8000-000000000009",
            contact_id=ContactId("c"),
            channel=ChannelKind("email"),
            caller=CallerUri(f"mailto:{ANN}"),
            reply_to=reply_to,
            text="Ydych chi'n ddiogel? Are you safe?",
            **fields,
        )


@pytest.fixture
async def world(store: Store, tmp_path: Path) -> AsyncIterator[MailWorld]:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    async with MailSink(tls=tls) as relay:
        made = MailWorld(store, relay, tmp_path, authority)
        server = await open_smtp(
            made.doors,
            "127.0.0.1",
            0,
            tls=tls,
            hostname="mx.intake.example.org",
            idle_timeout_s=5,
            session_limit_s=30,
        )
        made.port = server.sockets[0].getsockname()[1]
        yield made
        server.close()
        await server.wait_closed()
        made.parsing.close()


async def test_a_mail_is_a_contact_and_its_answer_threads(world: MailWorld) -> None:
    mail = letter(f"Ann <{ANN}>", OURS, "Next door", "He does not open. EX4 6AB")
    assert "Kept" in await world.send(mail)
    assert await world.rows(contacts) == []  # 250 is the commit of the bytes; reading them comes after
    assert await world.parsing.step() == 1
    (contact,) = await world.rows(contacts)
    assert contact.caller == f"mailto:{ANN}"
    assert contact.summary.startswith("Next door")

    reference = await world.adapter.reply(
        world.reply(contact.reply_to, in_reply_to=contact.last_provider_id, automatic=True)
    )
    answer = await world.relay.next_mail(1)
    assert answer["Message-ID"] == reference
    assert (answer["To"], answer["Subject"]) == (ANN, "Re: 999 Next door")
    assert answer["In-Reply-To"] == answer["References"] == mail["Message-ID"]
    assert answer["Auto-Submitted"] == "auto-replied"
    assert answer.get_content().strip() == "Ydych chi'n ddiogel? Are you safe?"


async def test_a_mail_sent_twice_is_one_message(world: MailWorld) -> None:
    mail = letter(ANN, OURS, "Fire", "LS1 4AP")
    for _ in range(2):
        await world.send(mail)
    await world.parsing.step()
    assert len(await world.rows(raw_messages)) == 2
    assert len(await world.rows(messages)) == 1


async def test_a_nested_bomb_is_kept_as_defective_and_delays_nobody(world: MailWorld) -> None:
    await world.send(nested_bomb(ANN, 300))
    await world.send(letter("bob@example.com", OURS, "Fire", "LS1 4AP"))
    await world.parsing.step()
    assert sorted(row.state for row in await world.rows(raw_messages)) == ["defective", "done"]
    assert {row.caller for row in await world.rows(contacts)} == {f"mailto:{ANN}", "mailto:bob@example.com"}


async def test_a_bounce_tells_that_our_answer_did_not_arrive(world: MailWorld) -> None:
    reference = await world.adapter.reply(world.reply(f"mailto:{ANN}"))
    await world.send(bounce(reference, OURS, ANN), sender="")
    await world.parsing.step()
    (report,) = await world.rows(delivery_reports)
    assert (report.provider_ref, report.state) == (reference, "failed")
    (contact,) = await world.rows(contacts)
    assert contact.reply_to == ""


async def test_a_machine_gets_no_automatic_answer_but_a_handlers_may_go(world: MailWorld) -> None:
    await world.send(out_of_office(ANN, OURS))
    await world.parsing.step()
    (contact,) = await world.rows(contacts)
    with pytest.raises(ReplyFailed) as caught:
        await world.adapter.reply(world.reply(contact.reply_to, automatic=True))
    assert caught.value.permanent
    await world.adapter.reply(world.reply(contact.reply_to))
    assert (await world.relay.next_mail(1))["Auto-Submitted"] is None
    with pytest.raises(ReplyFailed) as caught:
        await world.adapter.reply(world.reply(""))
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("answer", "permanent", "code"),
    [("451 4.3.0 later", False, "451"), ("550 5.1.1 never", True, "550")],
)
async def test_a_relays_refusal_says_whether_to_try_again(
    world: MailWorld, answer: str, permanent: bool, code: str
) -> None:
    world.relay.refuse_with = answer
    with pytest.raises(ReplyFailed) as caught:
        await world.adapter.reply(world.reply(f"mailto:{ANN}"))
    assert (caught.value.permanent, caught.value.provider_code) == (permanent, code)


async def test_a_relay_that_is_away_is_tried_again(world: MailWorld) -> None:
    await world.relay.__aexit__(None, None, None)
    with pytest.raises(ReplyFailed) as caught:
        await world.adapter.reply(world.reply(f"mailto:{ANN}"))
    assert not caught.value.permanent


async def test_a_subject_cannot_smuggle_a_header(world: MailWorld) -> None:
    await world.adapter.reply(world.reply(f"mailto:{ANN}?subject=x%0d%0aBcc:%20eve@example.net"))
    answer = await world.relay.next_mail(1)
    assert answer["Bcc"] is None
    assert answer["Subject"] == "Re: 999 x Bcc: eve@example.net"


@pytest.mark.parametrize(
    ("recipient", "size", "code"), [("nobody@intake.example.org", 10, 550), (OURS, 70_000, 552)]
)
async def test_unknown_mailboxes_and_oversize_are_refused_aloud(
    world: MailWorld, recipient: str, size: int, code: int
) -> None:
    body = (f"From: {ANN}\r\n\r\n" + "x\r\n" * (size // 3)).encode()
    with pytest.raises((aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused)) as caught:
        await world.send(body, recipient=recipient)
    error = caught.value
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    assert error.code == code
    assert await world.rows(raw_messages) == []
