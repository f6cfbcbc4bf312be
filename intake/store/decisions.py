"""Routing decisions as they were made: each with its inputs, what it stood on, and a seal over all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Text, select, type_coerce, update
from sqlalchemy.dialects import postgresql, sqlite

from intake.control_room import RoomId, Service
from intake.location import CallerLocation
from intake.log_events import LogEventName
from intake.routing.decision import DecisionInputs, DecisionRecord, RoutingDecision, Standing
from intake.routing.grounds import Grounds, fingerprint
from intake.routing.saying import SAYING
from intake.store import log
from intake.store.tables import contacts, decisions, routing_grounds


class StoredRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A decision's record; ``problems`` says in words where it is not what was written."""

    record: DecisionRecord
    problems: tuple[str, ...]


def record(
    conn: Connection,
    now: datetime,
    contact_id: str,
    decision: RoutingDecision,
    *,
    decided_by: str,
    inputs: DecisionInputs,
    location_id: str | None,
    new_id: Callable[[], str],
    grounds: Grounds | None = None,
    standing: Standing = Standing.SENT,
) -> str:
    """Write a decision with all that replays it (law 14), and its log event; returns its id."""
    decision_id = new_id()
    row: dict[str, Any] = {
        "id": decision_id,
        "contact_id": contact_id,
        "service": decision.service.value,
        "room_id": decision.room_id,
        "rule_id": decision.rule_id,
        "probability": decision.probability,
        "decision": msgspec.json.encode(decision).decode(),
        "location_id": location_id,
        "inputs": msgspec.json.encode(inputs).decode(),
        "map_version": decision.map_version,
        "decided_at": now,
        "decided_by": decided_by,
        "standing": standing.value,
    }
    seal = seal_of(row)
    as_written = {name: msgspec.Raw(row[name].encode()) for name in ("decision", "inputs")}
    conn.execute(decisions.insert().values(**row | as_written, seal=seal))
    if grounds is not None:
        keep_grounds(conn, now, grounds)
    if standing is Standing.SENT:
        conn.execute(
            update(contacts)
            .where(contacts.c.id == contact_id, contacts.c.routed_at.is_(None))
            .values(routed_at=now)
        )
    data = {"decision_id": decision_id, "room_id": decision.room_id, "rule_id": decision.rule_id}
    data |= {"standing": standing.value, "seal": seal}
    log.write(conn, now, LogEventName.ROUTE, contact_id, decided_by, data)
    return decision_id


def seal_of(row: Any) -> str:
    """SHA-256 over every column of a decision, its texts byte for byte as they are kept."""
    values = [row[name] for name in _SEALED]
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()


_SEALED = [column.name for column in decisions.columns if column.name != "seal"]


def keep_grounds(conn: Connection, now: datetime, grounds: Grounds) -> None:
    """Keep the policy and the register that decided, once each."""
    for kind, content in (("policy", grounds.policy), ("register", grounds.register)):
        key = fingerprint(content)
        if _content(conn, key) is None:
            values = {"fingerprint": key, "kind": kind, "content": content, "first_used_at": now}
            # Of two processes that find it missing the second must not fail.
            insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
            conn.execute(insert(routing_grounds).values(**values).on_conflict_do_nothing())


def location_of(conn: Connection, decision_id: str) -> CallerLocation | None:
    """The place that a decision went by, as it was at that moment."""
    query = select(type_coerce(decisions.c.inputs, Text)).where(decisions.c.id == decision_id)
    found: str | None = conn.execute(query).scalar()
    try:
        return None if found is None else msgspec.json.decode(found, type=DecisionInputs).location
    except msgspec.MsgspecError:
        return None


def grounds_of(conn: Connection, inputs: DecisionInputs) -> tuple[Grounds | None, str]:
    """What a decision stood on, or None with the reason: not kept, or not what was kept."""
    if not (inputs.policy and inputs.register):
        return None, "it was recorded without its policy and register"
    found = {}
    for name in ("policy", "register"):
        content = _content(conn, getattr(inputs, name))
        if content is None:
            return None, f"its {name} was not kept"
        if fingerprint(content) != getattr(inputs, name):
            return None, f"the {name} kept for it was altered"
        found[name] = content
    return Grounds(**found), ""


def _content(conn: Connection, key: str) -> str | None:
    query = select(routing_grounds.c.content).where(routing_grounds.c.fingerprint == key)
    found: str | None = conn.execute(query).scalar()
    return found


def records_of(conn: Connection, contact_id: str) -> Sequence[StoredRecord]:
    """Every decision of a contact, oldest first, each held against its seal and the log."""
    as_kept = [type_coerce(decisions.c[name], Text).label(name) for name in ("decision", "inputs")]
    others = [column for column in decisions.columns if column.name not in ("decision", "inputs")]
    rows = conn.execute(
        select(*others, *as_kept).where(decisions.c.contact_id == contact_id).order_by(decisions.c.id)
    ).all()
    logged = {
        event.data["decision_id"]: event.data
        for event in log.of_contact(conn, contact_id)
        if event.name is LogEventName.ROUTE
        # What became of a proposal is logged too, and names its decision.
        and "decision_id" in event.data
        and "reroute_id" not in event.data
    }
    found = [
        StoredRecord(record=_record(row), problems=tuple(_problems(row, logged.get(row.id)))) for row in rows
    ]
    lost = logged.keys() - {row.id for row in rows}
    if lost and found:
        more = tuple(f"the log tells of a decision {one} that is not there any more" for one in sorted(lost))
        found[-1] = msgspec.structs.replace(found[-1], problems=found[-1].problems + more)
    return found


def _record(row: Row[Any]) -> DecisionRecord:
    """What cannot be read of a row is left out of its record, and said by ``_problems``."""
    decision = _decision(row)
    try:
        inputs = msgspec.json.decode(row.inputs, type=DecisionInputs)
    except msgspec.MsgspecError:
        inputs = DecisionInputs(location=None, service=decision.service)
    return DecisionRecord(
        id=row.id,
        contact_id=row.contact_id,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        standing=Standing(row.standing) if row.standing in set(Standing) else Standing.SENT,
        location_id=row.location_id,
        decision=decision,
        inputs=inputs,
    )


def _decision(row: Row[Any]) -> RoutingDecision:
    try:
        return msgspec.json.decode(row.decision, type=RoutingDecision)
    except msgspec.MsgspecError:
        known = {service.value: service for service in Service}
        return RoutingDecision(
            service=known.get(row.service, Service.POLICE),
            room_id=RoomId(row.room_id),
            rule_id=row.rule_id,
            reason=SAYING.en("unreadable", urn=row.service),
            probability=row.probability,
            candidates=(),
            map_version=row.map_version,
            is_default=False,
        )


def _problems(row: Row[Any], logged: dict[str, Any] | None) -> list[str]:
    if not row.seal and not (logged or {}).get("seal"):
        return []  # from before decisions were sealed: it cannot be replayed either
    found = []
    if seal_of(row._mapping) != row.seal:
        found.append("its seal does not fit what it says")
    if logged is None:
        found.append("the log does not know of it")
    elif logged.get("seal") != row.seal:
        found.append("its seal is not the one in the log")
    elif (logged["room_id"], logged["rule_id"]) != (row.room_id, row.rule_id):
        found.append(f"the log says {logged['room_id']} by rule {logged['rule_id']}")
    said = _decision(row)
    for name, kept in (("room_id", RoomId(row.room_id)), ("rule_id", row.rule_id)):
        if getattr(said, name) != kept:
            found.append(f"its {name.removesuffix('_id')} stands there twice, once as {kept}")
    return found
