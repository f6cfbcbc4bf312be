"""Who may do what: five roles, and the rights each has. Whatever is not given here is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from intake.store.audit import may_be_told

OUR_NAMES = frozenset({"intake", "triage", "outbox", "relay", "rerouting", "automatic", "caller", "link"})
"""Actors of the log that are no persons."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class Role(StrEnum):
    """What a person is here for."""

    HANDLER = "handler"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    RESEARCHER = "researcher"
    ADMIN = "admin"


class Right(StrEnum):
    """What a path asks of whoever calls it; each path names exactly one."""

    OPEN = "open"
    """Anybody: the sign-in page, what pages are made of, /health."""
    SELF = "self"
    """Whoever is signed in, about themselves."""
    COUNTS = "counts"
    """Figures of the queue without a word of any caller: the wallboard."""
    READ = "read"
    """What callers wrote, where they are, and what became of them."""
    WORK = "work"
    """Take, answer, send, close."""
    SUPERVISE = "supervise"
    """Desks, caps, channels, and the automatic reply."""
    AUDIT = "audit"
    """Who saw and did what."""
    RESEARCH = "research"
    """Tables that cannot point at a person."""
    ADMIN = "admin"
    """Accounts; no content."""


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.HANDLER: frozenset({Right.SELF, Right.COUNTS, Right.READ, Right.WORK}),
    Role.SUPERVISOR: frozenset({Right.SELF, Right.COUNTS, Right.READ, Right.WORK, Right.SUPERVISE}),
    Role.AUDITOR: frozenset({Right.SELF, Right.AUDIT}),
    Role.RESEARCHER: frozenset({Right.SELF, Right.COUNTS, Right.RESEARCH}),
    Role.ADMIN: frozenset({Right.SELF, Right.ADMIN}),
}


def is_handler_name(name: str) -> bool:
    """Small letters, digits, ``.``, ``_``, ``-``; none of the names under which we act ourselves, and none
    that the audit record would take for a telephone number: nobody could hand over to it, or disable it."""
    return _NAME.fullmatch(name) is not None and name not in OUR_NAMES and may_be_told(name)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking. ``session`` is the digest of a browser's session, empty for a bearer token;
    ``csrf`` is what their pages send back with each change; ``locked`` until the password comes again."""

    name: str
    role: Role
    display_name: str = ""
    language: str = "en"
    open_limit: int = 3
    session: str = ""
    csrf: str = ""
    locked: bool = False

    def may(self, right: Right) -> bool:
        return right is Right.OPEN or right in RIGHTS[self.role]
