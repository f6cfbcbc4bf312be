"""A contact's state follows its hand-over, and its moments stay readable on both engines."""

from __future__ import annotations

from intake.contact import ContactState
from intake.store import contacts, following
from intake.store.store import Store
from tests.callers import at, phone, write_in


async def test_the_first_acceptance_is_kept_as_a_moment(store: Store) -> None:
    contact_id = await write_in(store, phone(1))
    for seconds, state in (
        (5, ContactState.SENDING),
        (6, ContactState.DELIVERED),
        (7, ContactState.ACCEPTED),
    ):
        await store.run(lambda conn, s=seconds, to=state: following.move(conn, at(s), contact_id, to, "test"))  # type: ignore[misc]
    contact = await store.read(lambda conn: contacts.get(conn, contact_id))
    moments = await store.read(lambda conn: contacts.moments(conn, contact_id))
    assert (contact.state, moments.accepted_at) == (ContactState.ACCEPTED, at(7))

    await store.run(lambda conn: following.move(conn, at(8), contact_id, ContactState.ACCEPTED, "again"))
    assert (await store.read(lambda conn: contacts.moments(conn, contact_id))).accepted_at == at(7)
