"""Which services to think of beside the one asked for, by all that a contact said and where it is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from intake.contact import Contact, InboundMessage
from intake.location import CallerLocation
from intake.ports import Router
from intake.store import Connection, contacts
from intake.triage import AddedServices, AddedSuggestion


class Suggesting:
    """Reads what the store holds; the rules themselves are pure (``triage.added``)."""

    def __init__(self, added: AddedServices, router: Router):
        self._added = added
        self._router = router

    def beside(
        self, conn: Connection, contact: Contact, location: CallerLocation | None
    ) -> tuple[AddedSuggestion, ...]:
        """``location`` is where the incident is taken to be; the service asked for is not suggested again."""
        said, _ = contacts.conversation(conn, contact.id)
        where, country = self._router.setting(location)
        found = self._added.suggest([_text(one.content) for one in said], where, country)
        return tuple(one for one in found if one.leads or one.service is not contact.service)

    def reasons(self, conn: Connection, contact: Contact, location: CallerLocation | None) -> Sequence[str]:
        """The same for the record of a decision."""
        return [
            f"{one.service.word} ({one.rule_id}): {one.reason}"
            for one in self.beside(conn, contact, location)
        ]


def _text(content: str) -> str:
    try:
        return msgspec.json.decode(content, type=InboundMessage).text
    except msgspec.MsgspecError:
        return ""  # another version's: it suggests nothing
