"""A better place after the hand-over: two reference control rooms, a person, and nothing torn away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import update

from intake.contact import ContactId, ContactState, MessageKind, Trust
from intake.control_room import Service
from intake.errors import Refused, StaleClaim
from intake.incident import TransferKind, TransferState, Verdict
from intake.location import CallerLocation
from intake.log_events import LogEventName
from intake.mait import ReceivedMessage, read
from intake.simulate.control_room import ControlRoomServer, Rule
from intake.simulate.control_room.views import see
from intake.store import claims, contacts, handling, reroutes, tables
from intake.store.claims import Claim
from intake.store.reroutes import Reroute
from intake.store.store import Store
from tests.behind_doors import APP, LEEDS, SECRET, Behind
from tests.callers import phone, write_in
from tests.rooms import sign_in, text_of

POLICE = Service.POLICE
WEST, GREATER = "police-west-yorkshire", "police-greater-manchester"
MANCHESTER = CallerLocation(latitude=53.4808, longitude=-2.2426, uncertainty_m=20)
HALIFAX = CallerLocation(latitude=53.7219, longitude=-1.8635, uncertainty_m=20)


class Evening:
    """Two reference rooms that decide by hand, and one caller whose phone says where they are."""

    def __init__(self, behind: Behind, rooms: dict[str, ControlRoomServer]):
        self.behind, self.rooms = behind, rooms

    async def begins(self, **fields: Any) -> ContactId:
        """The app's policy lets it go by itself, and West Yorkshire accepts it."""
        fix = self.fix(LEEDS)
        said = {"service": POLICE, "locations": (fix,), **fields}
        one = await self.behind.app_writes("a", "he has a knife", **said)
        await self.behind.triage()
        await self.goes_on()
        await self.accepts(WEST)
        assert (await self.behind.contact(one)).state is ContactState.ACCEPTED
        return one

    def fix(self, place: CallerLocation) -> CallerLocation:
        return CallerLocation(
            latitude=place.latitude,
            longitude=place.longitude,
            uncertainty_m=place.uncertainty_m,
            positioned_at=self.behind.clock.now(),
        )

    async def moves(self, place: CallerLocation, after_s: float = 90.0) -> None:
        self.behind.clock.seconds += after_s
        kind = MessageKind.PLACE
        fields: dict[str, Any] = {"kind": kind, "locations": (self.fix(place),), "trust": Trust.TOKEN}
        await self.behind.arrives(APP, "app:a", **fields)
        await self.behind.triage()
        await self.goes_on()

    async def goes_on(self) -> None:
        await self.behind.reroute()
        await self.behind.relay()

    async def accepts(self, room: str, verdict: Verdict = Verdict.ACCEPTED) -> None:
        """The room's people decide on all they have; the verdict is fetched."""
        for incident_id in {message.incident.id for message in self.heard(room)}:
            await self.rooms[room].decide(incident_id, verdict, "no units free")
        self.behind.clock.seconds += 30
        await self.behind.relay()
        await self.goes_on()

    def heard(self, room: str) -> list[ReceivedMessage]:
        return list(self.rooms[room].received)

    def kinds(self, room: str) -> list[TransferKind]:
        return [message.kind for message in self.heard(room)]

    async def reroutes(self, contact: ContactId) -> list[Reroute]:
        return await self.behind.store.read(lambda conn: reroutes.of_contact(conn, contact))

    async def attempts(self, contact: ContactId) -> int:
        return int((await self.behind.contact(contact)).attempts)


@pytest.fixture
async def evening(store: Store, tmp_path: Path) -> AsyncIterator[Evening]:
    async with AsyncExitStack() as stack:
        rooms = {}
        now: list[Behind] = []
        for room_id in (WEST, GREATER):
            made = ControlRoomServer(
                room_id,
                (SECRET,),
                database=tmp_path / f"{room_id}.db",
                now=lambda: now[0].clock.now(),
                rule=Rule.HAND,
                delay_s=0.0,
            )
            await made.start()
            stack.push_async_callback(made.stop)
            rooms[room_id] = made
        behind = Behind(store, {room_id: room.feed_url for room_id, room in rooms.items()})
        now.append(behind)
        stack.push_async_callback(behind.close)
        yield Evening(behind, rooms)


async def test_a_caller_who_left_the_area_is_proposed_to_the_next_room_and_torn_from_none(
    evening: Evening,
) -> None:
    one = await evening.begins()
    await evening.moves(MANCHESTER)
    # The room that has it is told, in words and with the place.
    assert evening.kinds(WEST) == [TransferKind.CREATION, TransferKind.UPDATE]
    told = evening.heard(WEST)[-1]
    assert told.incident.location is not None
    assert told.incident.location.latitude == pytest.approx(MANCHESTER.latitude)
    assert "Greater Manchester Police" in told.extensions["rerouting"]
    assert "stays with you until a person decides" in told.extensions["rerouting"]
    # Nobody else is, and a person sees it.
    assert evening.heard(GREATER) == []
    contact = await evening.behind.contact(one)
    assert (contact.state, contact.reroute) == (ContactState.WAITING, "other_room")
    (proposal,) = await evening.reroutes(one)
    assert (proposal.kind, proposal.state, proposal.proposed_room_id) == ("other_room", "open", GREATER)
    events = [e for e in await evening.behind.events(one) if e.name is LogEventName.ROUTE]
    assert [e.data.get("standing", e.data.get("kind")) for e in events] == ["sent", "proposed", "other_room"]

    # One call hands it on: the other room gets all of it, the first is told and keeps it meanwhile.
    await evening.behind.rerouting.accept(one, "ada", await evening.attempts(one))
    await evening.goes_on()
    assert evening.kinds(GREATER) == [TransferKind.CREATION]
    assert evening.kinds(WEST)[-1] is TransferKind.UPDATE
    assert "being handed to Greater Manchester Police" in evening.heard(WEST)[-1].extensions["rerouting"]
    contact = await evening.behind.contact(one)
    assert (contact.claimed_by, contact.reroute) == ("", "")
    assert contact.state in claims.HANDED_OVER
    await evening.goes_on()
    assert TransferKind.CLOSURE not in evening.kinds(WEST)

    # Only its acceptance lets the first one go.
    await evening.accepts(GREATER)
    assert evening.kinds(WEST)[-1] is TransferKind.CLOSURE
    assert "no longer yours" in evening.heard(WEST)[-1].extensions["rerouting"]
    assert [r.state for r in await evening.reroutes(one)] == ["done"]
    await evening.accepts(WEST)
    assert (await evening.behind.contact(one)).state is ContactState.ACCEPTED

    # What its people read: the words, and no number that looks lost because another room got it.
    for room in (WEST, GREATER):
        page = see(await evening.rooms[room]._ledger.of_incident(evening.heard(room)[0].incident.id))
        assert page.missing == ()
        assert page.state == "accepted"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        await sign_in(client, evening.rooms[WEST])
        shown = await text_of(client, f"{evening.rooms[WEST].url}/incidents/{told.incident.id}")
    assert "Greater Manchester Police has accepted the incident: it is no longer yours" in shown

    # From now on the new room is told, and the old one hears nothing more.
    before = len(evening.heard(WEST))
    await evening.moves(CallerLocation(latitude=53.4700, longitude=-2.2426, uncertainty_m=20))
    assert (evening.kinds(GREATER)[-1], len(evening.heard(WEST))) == (TransferKind.UPDATE, before)


async def test_a_place_that_only_moved_is_told_and_shown_and_stays_where_it_is(evening: Evening) -> None:
    one = await evening.begins()
    await evening.moves(HALIFAX)
    assert evening.kinds(WEST) == [TransferKind.CREATION, TransferKind.UPDATE]
    contact = await evening.behind.contact(one)
    assert contact.reroute == "moved"
    # Nobody has to choose, and the caller is not told that nobody has it any more.
    assert contact.state is ContactState.ACCEPTED
    (notice,) = await evening.reroutes(one)
    assert (notice.kind, notice.moved_m > 20_000) == ("moved", True)


async def test_jitter_is_told_to_nobody_and_a_walker_once_a_minute(evening: Evening) -> None:
    one = await evening.begins()
    for step in range(6):
        near = CallerLocation(
            latitude=LEEDS.latitude + 0.0004 * (-1) ** step, longitude=LEEDS.longitude, uncertainty_m=15
        )
        await evening.moves(near, after_s=10)
    assert evening.kinds(WEST) == [TransferKind.CREATION]
    assert (await evening.behind.contact(one)).reroute == ""
    for step in range(1, 13):  # 300 m every ten seconds: a car
        fix = CallerLocation(latitude=LEEDS.latitude - 0.0027 * step, longitude=-1.5478, uncertainty_m=15)
        await evening.moves(fix, after_s=10)
    assert evening.kinds(WEST).count(TransferKind.UPDATE) == 2
    # What was held back is told when the minute is over, although no fix comes any more.
    evening.behind.clock.seconds += 61
    await evening.goes_on()
    assert evening.kinds(WEST).count(TransferKind.UPDATE) == 3
    last = evening.heard(WEST)[-1].incident.location
    assert last is not None
    assert last.latitude == pytest.approx(LEEDS.latitude - 0.0027 * 12)


async def test_a_dismissed_room_is_not_asked_for_again_until_the_place_has_moved_far(
    evening: Evening,
) -> None:
    one = await evening.begins()
    await evening.moves(MANCHESTER)
    ended = await evening.behind.rerouting.dismiss(
        one, "ada", await evening.attempts(one), "units are on scene"
    )
    assert ended == 1
    contact = await evening.behind.contact(one)
    assert (contact.reroute, contact.claimed_by) == ("", "")
    assert contact.state in claims.HANDED_OVER
    await evening.moves(CallerLocation(latitude=53.4880, longitude=-2.2426, uncertainty_m=20))
    assert [r.state for r in await evening.reroutes(one) if r.kind == "other_room"] == ["dismissed"]
    await evening.moves(CallerLocation(latitude=53.5200, longitude=-2.2426, uncertainty_m=20))
    found = [(r.state, r.reason) for r in await evening.reroutes(one) if r.kind == "other_room"]
    assert [state for state, _ in found] == ["dismissed", "open"]
    assert found[0][1] == "units are on scene"
    assert evening.heard(GREATER) == []


async def test_a_place_that_comes_back_withdraws_its_proposal(evening: Evening) -> None:
    one = await evening.begins()
    await evening.moves(MANCHESTER)
    await evening.moves(LEEDS, after_s=2_000)
    assert [r.state for r in await evening.reroutes(one)] == ["withdrawn"]
    assert "area of West Yorkshire Police again" in evening.heard(WEST)[-1].extensions["rerouting"]
    assert (await evening.behind.contact(one)).reroute == ""
    with pytest.raises(Refused, match="no other room is proposed"):
        await evening.behind.rerouting.accept(one, "ada", await evening.attempts(one))


async def test_a_room_that_refuses_leaves_the_incident_where_it_was(evening: Evening) -> None:
    one = await evening.begins()
    await evening.moves(MANCHESTER)
    await evening.behind.rerouting.accept(one, "ada", await evening.attempts(one))
    await evening.goes_on()
    await evening.accepts(GREATER, Verdict.REJECTED)
    assert [r.state for r in await evening.reroutes(one)] == ["refused"]
    assert "stays with you" in evening.heard(WEST)[-1].extensions["rerouting"]
    assert TransferKind.CLOSURE not in evening.kinds(WEST)
    assert (await evening.behind.contact(one)).state is ContactState.WAITING  # a person must see it


async def test_what_a_person_sent_and_holds_is_flagged_under_their_hands(evening: Evening) -> None:
    """Not only what went by itself; and an open conversation stays its handler's."""
    behind = evening.behind
    one = await write_in(behind.store, phone(1), "burglar at 53.7965, -1.5478")
    await behind.triage()
    claim = await behind.store.run(lambda conn: claims.claim(conn, behind.clock.now(), one, "ada", 9_000))
    await behind.handover.send(one, "ada", claim.attempts, [POLICE])
    await evening.goes_on()
    behind.clock.seconds += 90
    held = Claim(one, "ada", claim.attempts)
    place = evening.fix(MANCHESTER)
    await behind.store.run(
        lambda conn: handling.add_location(conn, behind.clock.now(), held, place, lambda: "0" * 36, _newest)
    )
    await evening.goes_on()
    contact = await behind.contact(one)
    assert (contact.reroute, contact.claimed_by) == ("other_room", "ada")
    with pytest.raises(StaleClaim):
        await behind.rerouting.accept(one, "bea", claim.attempts)
    (sent,) = await behind.rerouting.accept(one, "ada", claim.attempts)
    assert [t.room_id for t in await behind.transfers(one) if t.id == sent] == [GREATER]
    assert (await behind.contact(one)).claimed_by == "ada"  # what they had in hand stays in hand


def _newest(found: Any, _now: Any) -> Any:
    return list(found)[-1]


async def test_one_that_waits_for_a_person_is_not_taken_out_of_the_queue_by_an_update(
    evening: Evening,
) -> None:
    one = await evening.begins()
    await evening.behind.arrives(APP, "app:a", text="please hurry", trust=Trust.TOKEN)
    await evening.behind.triage()
    waiting = update(tables.contacts).where(tables.contacts.c.id == one).values(state="waiting")
    await evening.behind.store.run(lambda conn: conn.execute(waiting).rowcount)
    await evening.moves(HALIFAX)
    assert evening.kinds(WEST)[-1] is TransferKind.UPDATE
    assert (await evening.behind.contact(one)).state is ContactState.WAITING


async def test_a_poison_contact_delays_no_other(evening: Evening, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await evening.begins()
    other = await evening.behind.app_writes("b", "fight", service=POLICE, locations=(evening.fix(LEEDS),))
    await evening.behind.triage()
    await evening.goes_on()
    check = evening.behind.rerouting.check

    def poisoned(conn: Any, now: Any, contact_id: ContactId) -> None:
        if contact_id == one:
            raise RuntimeError("poison")
        check(conn, now, contact_id)

    monkeypatch.setattr(evening.behind.rerouting, "check", poisoned)
    evening.behind.clock.seconds += 90
    for handle in ("a", "b"):
        fields: dict[str, Any] = {"kind": MessageKind.PLACE, "locations": (evening.fix(MANCHESTER),)}
        await evening.behind.arrives(APP, f"app:{handle}", trust=Trust.TOKEN, **fields)
    await evening.behind.triage()
    await evening.goes_on()
    assert [r.kind for r in await evening.reroutes(other)] == ["other_room"]
    assert await evening.reroutes(one) == []
    monkeypatch.undo()
    evening.behind.clock.seconds += 61
    await evening.goes_on()
    assert [r.kind for r in await evening.reroutes(one)] == ["other_room"]


async def test_a_train_that_crosses_a_border_is_proposed_once(evening: Evening) -> None:
    """Huddersfield to Stalybridge through the Standedge tunnel, a fix every twenty seconds at 30 m/s."""
    one = await evening.begins()
    start, end = (53.6486, -1.7847), (53.4847, -2.0628)
    steps = 48  # some 25 km
    for step in range(steps + 1):
        at = [a + (b - a) * step / steps for a, b in zip(start, end, strict=True)]
        wobble = 0.0003 * (-1) ** step
        fix = CallerLocation(latitude=at[0] + wobble, longitude=at[1], uncertainty_m=25)
        await evening.moves(fix, after_s=20)
    found = await evening.reroutes(one)
    assert [r.state for r in found if r.kind == "other_room"] == ["open"]
    assert evening.heard(GREATER) == []
    updates = evening.kinds(WEST).count(TransferKind.UPDATE)
    assert 10 <= updates <= steps * 20 / 60 + 3  # once a minute, and once for the border
    await evening.behind.rerouting.accept(one, "ada", await evening.attempts(one))
    await evening.goes_on()
    await evening.accepts(GREATER)
    assert evening.kinds(WEST)[-1] is TransferKind.CLOSURE
    document = await evening.rooms[GREATER].document(evening.heard(GREATER)[0].message_id)
    given = read(document)
    assert (given.kind, given.services) == (TransferKind.CREATION, (POLICE,))
    transfers = await evening.behind.store.read(lambda conn: contacts.transfers_of(conn, one))
    assert transfers[-1].kind == TransferKind.CLOSURE
    assert {t.state for t in transfers if t.room_id == GREATER} == {TransferState.ACCEPTED}
