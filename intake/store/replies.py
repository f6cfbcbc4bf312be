"""The smaller outbox: what we say to callers, sent at least once and in order per contact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, exists, literal, select, update

from intake.contact import CallerUri, ChannelKind, ContactId, ContactState, DeliveryState, Reply
from intake.errors import NotFound, Refused, StaleClaim
from intake.log_events import LogEventName
from intake.outcomes import SAYING
from intake.store import log
from intake.store.following import seen_as
from intake.store.locks import report_key, take_turns
from intake.store.tables import contacts, delivery_reports, replies

AUTOMATIC = "automatic:"
"""How the author of a reply begins when no person wrote it; a phrase id follows."""

RANK = (
    DeliveryState.QUEUED,
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.DELIVERED,
    DeliveryState.READ,
)
"""Providers' reports come in any order; a reply's state only moves forward along this."""

NO_ANSWER_TO = "unknown:"

# Written into the statements, so that both engines see that a partial index answers them.
_QUEUED = replies.c.state == literal(DeliveryState.QUEUED.value, literal_execute=True)
_UNTOLD = and_(
    replies.c.state == literal(DeliveryState.FAILED.value, literal_execute=True),
    replies.c.reason == literal("", literal_execute=True),
)


class DueReply(msgspec.Struct, frozen=True, kw_only=True):
    """A reply to send now; ``attempts`` is its fence and counts this attempt too."""

    reply: Reply
    attempts: int
    created_at: datetime


def queue_reply(
    conn: Connection,
    now: datetime,
    contact_id: ContactId,
    author: str,
    text: str,
    new_id: Callable[[], str],
) -> str:
    """Put a reply in the outbox; returns its id. Raises NotFound, or Refused where no answer can go.

    ``author`` is a handler, or ``automatic:<phrase id>``; only a person's first reply is an answer (t6).
    """
    contact = conn.execute(
        select(contacts).where(contacts.c.id == contact_id).with_for_update()
    ).one_or_none()
    if contact is None:
        raise NotFound(f"there is no contact {contact_id}")
    if contact.caller.startswith(NO_ANSWER_TO):
        raise Refused("nobody can be answered here: the message did not say who sent it")
    # Made under the contact's lock: a caller who reads on from the last id they saw misses none.
    reply_id = new_id()
    conn.execute(
        replies.insert().values(
            id=reply_id,
            contact_id=contact_id,
            channel=contact.channel,
            caller=contact.caller,
            reply_to=contact.reply_to,
            in_reply_to=contact.last_provider_id,
            author=author,
            text=text,
            state=DeliveryState.QUEUED.value,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
            provider_ref="",
            provider_code="",
            reason="",
        )
    )
    if not author.startswith(AUTOMATIC) and contact.first_reply_at is None:
        conn.execute(update(contacts).where(contacts.c.id == contact_id).values(first_reply_at=now))
    _log(conn, now, contact_id, author, reply_id, DeliveryState.QUEUED)
    return reply_id


def any_for_contact(conn: Connection, contact_id: ContactId) -> bool:
    """Whether we have said anything to this contact yet, by machine or by a person."""
    return (
        conn.execute(select(replies.c.id).where(replies.c.contact_id == contact_id).limit(1)).first()
        is not None
    )


def due_channels(conn: Connection, now: datetime) -> Sequence[str]:
    """Channels that have something due: each is served on its own, so that one that hangs delays no other."""
    query = select(replies.c.channel).where(_QUEUED, replies.c.next_attempt_at <= now).distinct()
    return conn.execute(query).scalars().all()


def claim_due_replies(
    conn: Connection, now: datetime, limit: int, lease_s: float, *, channel: str = ""
) -> list[DueReply]:
    """Take what is due, of one channel or of all, each contact's oldest unsent reply only.

    The attempt and the time of the next are written before anything is sent: whoever crashes while
    sending has already scheduled the repeat.
    """
    earlier = replies.alias()
    blocked = exists().where(
        earlier.c.contact_id == replies.c.contact_id,
        earlier.c.id < replies.c.id,
        earlier.c.state == DeliveryState.QUEUED.value,
    )
    wanted = [replies.c.channel == channel] if channel else []
    rows = conn.execute(
        select(replies)
        .where(_QUEUED, replies.c.next_attempt_at <= now, ~blocked, *wanted)
        .order_by(replies.c.next_attempt_at, replies.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=replies)
    ).all()
    if rows:
        conn.execute(
            update(replies)
            .where(replies.c.id.in_([row.id for row in rows]))
            .values(attempts=replies.c.attempts + 1, next_attempt_at=now + timedelta(seconds=lease_s))
        )
    return [DueReply(reply=_reply(row), attempts=row.attempts + 1, created_at=row.created_at) for row in rows]


def reply_sent(conn: Connection, now: datetime, reply_id: str, provider_ref: str) -> DeliveryState:
    """The provider took it: keep its reference, and apply what its reports said before we had one.

    No fence: whichever attempt reached the provider, the caller has the words. Returns the state.
    """
    row = conn.execute(select(replies.c.channel, replies.c.contact_id).where(replies.c.id == reply_id)).one()
    # A report and this must not pass each other unseen: see DriverSql.report, which takes the same turns.
    take_turns(conn, report_key(row.channel, provider_ref))
    state, code = _reported(conn, row.channel, provider_ref)
    values: dict[str, Any] = {"state": state.value, "sent_at": now, "provider_ref": provider_ref}
    if code:
        values["provider_code"] = code
    if state in (DeliveryState.DELIVERED, DeliveryState.READ):
        values["delivered_at"] = now
    changed = conn.execute(
        update(replies)
        .where(replies.c.id == reply_id, replies.c.state == DeliveryState.QUEUED.value)
        .values(**values)
    ).rowcount
    if changed:
        _log(conn, now, row.contact_id, "outbox", reply_id, state)
    return state


def reply_failed(
    conn: Connection,
    now: datetime,
    due: DueReply,
    *,
    permanent: bool,
    retry_at: datetime,
    code: str = "",
    reason: str = "",
) -> None:
    """The provider did not take it: try again at a time, or give up and let a person see it.

    Raises StaleClaim where another attempt has begun since.
    """
    values: dict[str, Any] = {"provider_code": code, "reason": reason or "not taken by the provider"}
    if permanent:
        values["state"] = DeliveryState.FAILED.value
    else:
        values["next_attempt_at"] = retry_at
    changed = conn.execute(
        update(replies)
        .where(
            replies.c.id == due.reply.id,
            replies.c.attempts == due.attempts,
            replies.c.state == DeliveryState.QUEUED.value,
        )
        .values(**values)
    ).rowcount
    if changed != 1:
        raise StaleClaim(f"reply {due.reply.id} is in other hands")
    if permanent:
        _log(conn, now, due.reply.contact_id, "outbox", due.reply.id, DeliveryState.FAILED, code)
        _back_in_sight(conn, now, due.reply.contact_id, SAYING.en("reply_failed"))


def settle_failures(conn: Connection, now: datetime, limit: int = 100) -> int:
    """Show a person the contacts whose reply a provider took first and reported as failed later."""
    rows = conn.execute(
        select(replies.c.id, replies.c.contact_id, replies.c.provider_code)
        .where(_UNTOLD)
        .limit(limit)
        .with_for_update(skip_locked=True, of=replies)
    ).all()
    for row in rows:
        reason = f"the provider reports that it was not delivered ({row.provider_code or 'no code'})"
        conn.execute(update(replies).where(replies.c.id == row.id).values(reason=reason))
        _log(conn, now, row.contact_id, "outbox", row.id, DeliveryState.FAILED, row.provider_code)
        _back_in_sight(conn, now, row.contact_id, SAYING.en("reply_undelivered"))
    return len(rows)


def _reported(conn: Connection, channel: str, provider_ref: str) -> tuple[DeliveryState, str]:
    rows = conn.execute(
        select(delivery_reports.c.state, delivery_reports.c.provider_code).where(
            delivery_reports.c.channel == channel, delivery_reports.c.provider_ref == provider_ref
        )
    ).all()
    told = [(DeliveryState(row.state), str(row.provider_code)) for row in rows]
    furthest = max(told, key=lambda one: RANK.index(one[0]), default=(DeliveryState.SENT, ""))
    return furthest if RANK.index(furthest[0]) > RANK.index(DeliveryState.SENT) else (DeliveryState.SENT, "")


def _back_in_sight(conn: Connection, now: datetime, contact_id: str, reason: str) -> None:
    """A person must know: waiting again, unless a handler or the queue has the contact already, or a
    handler has found its caller unreachable: a failed reply says the same."""
    contact_id = seen_as(conn, contact_id)
    row = conn.execute(
        select(contacts.c.state, contacts.c.queued_at).where(contacts.c.id == contact_id).with_for_update()
    ).one()
    if row.state in (ContactState.WAITING.value, ContactState.OPEN.value, ContactState.STALE.value):
        return
    # A held contact never left the queue and keeps its place; any other waits anew from now.
    queued_at = row.queued_at if row.state == ContactState.HELD.value else now
    conn.execute(
        update(contacts)
        .where(contacts.c.id == contact_id)
        .values(state=ContactState.WAITING.value, next_attempt_at=now, queued_at=queued_at, claimed_by="")
    )
    data = {"state": ContactState.WAITING.value, "from": row.state, "reason": reason}
    log.write(conn, now, LogEventName.CONTACT_STATE, contact_id, "outbox", data)


def _reply(row: Any) -> Reply:
    return Reply(
        id=row.id,
        contact_id=ContactId(row.contact_id),
        channel=ChannelKind(row.channel),
        caller=CallerUri(row.caller),
        reply_to=row.reply_to,
        text=row.text,
        in_reply_to=row.in_reply_to,
        automatic=row.author.startswith(AUTOMATIC),
    )


def _log(
    conn: Connection,
    now: datetime,
    contact_id: str,
    actor: str,
    reply_id: str,
    state: DeliveryState,
    code: str = "",
) -> None:
    data = {"reply_id": reply_id, "state": state.value, "provider_code": code}
    log.write(conn, now, LogEventName.REPLY, contact_id, actor, data)
