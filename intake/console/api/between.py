"""What handlers see of each other at a contact: their own draft, who types, notes, offers, merges."""

from __future__ import annotations

from datetime import datetime

import msgspec

from intake.console.api import merging as merging_api
from intake.console.api import notes as notes_api
from intake.console.api import offers as offers_api
from intake.console.views.contact import ContactAnswer
from intake.contact import ContactId
from intake.store import Connection, contacts, drafts, merging, notes, offers


def with_between(conn: Connection, now: datetime, shown: ContactAnswer, handler: str) -> ContactAnswer:
    """A contact's answer with what stands between handlers, as ``handler`` may see it."""
    contact_id = ContactId(shown.contact.id)
    ids = contacts.whole(conn, contact_id)
    offered = offers.of_contact(conn, now, contact_id)
    return msgspec.structs.replace(
        shown,
        draft=drafts.of_handler(conn, handler, contact_id),
        typing=sorted({name for names in drafts.typing(conn, now, ids, handler).values() for name in names}),
        offer=None if offered is None else offers_api.view(offered, contacts.get(conn, contact_id)),
        merged=[merging_api.view(*both) for both in merging.standing_in(conn, contact_id)],
        merged_into=contacts.get(conn, contact_id).merged_into,
        notes=[notes_api.view(one) for one in notes.of_contacts(conn, ids)],
    )
