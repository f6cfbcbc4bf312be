"""Which services and rooms to think of beside the one asked for, by what was said and where it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from intake.contact import Contact, InboundMessage
from intake.control_room import Service
from intake.location import CallerLocation
from intake.ports import Router
from intake.store import Connection, contacts
from intake.triage import AddedServices, AddedSuggestion

LONDON = ZoneInfo("Europe/London")


class Suggesting:
    """Reads what the store holds; the rules themselves are pure (``triage.added``)."""

    def __init__(self, added: AddedServices, router: Router):
        self._added = added
        self._router = router

    def beside(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        location: CallerLocation | None,
        chosen: Iterable[Service] = (),
    ) -> Sequence[AddedSuggestion]:
        """``location`` is where the incident is taken to be; the service asked for is not suggested again.

        Agreements go by the contact's own service, those a room was ever sent and those ``chosen`` by a
        person, and end with their day in Britain.
        """
        said, _ = contacts.conversation(conn, contact.id)
        where, country = self._router.setting(location)
        own = (contact.service,) if contact.service else ()
        sent = (one.service for one in contacts.transfers_of(conn, contact.id))
        asked = {
            one: self._router.route(one, location).room_id for one in dict.fromkeys((*own, *sent, *chosen))
        }
        today = now.astimezone(LONDON).date()
        found = self._added.suggest([_text(one.content) for one in said], where, country, asked, today)
        return [one for one in found if _is_news(one, contact.service)]


def _is_news(one: AddedSuggestion, own: Service | None) -> bool:
    """Another room for the service asked for is; the service alone is not."""
    if one.agreement is not None and one.agreement.room:
        return True
    return one.leads or one.service is not own


def _text(content: str) -> str:
    try:
        return msgspec.json.decode(content, type=InboundMessage).text
    except msgspec.MsgspecError:
        return ""  # another version's: it suggests nothing
