"""Look-ups beside the queue, on both engines: found, fenced, retried, given up, never in a contact's way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from intake.contact import ContactId
from intake.control_room import Service
from intake.errors import LookupFailed, StaleClaim
from intake.location import CallerLocation, Clue, ClueKind, LocationSource, Reading
from intake.log_events import LogEventName
from intake.ports import Geocoder, PlaceQuestion
from intake.simulate.geocoder import GeocoderApi
from intake.store import contacts, lookups, tables
from intake.store.lookups import DueLookup, LookupState
from intake.store.store import Store
from intake.workers import geocoding
from intake.workers.geocoding import LEASE_S, Geocoding
from tests.behind_doors import LEEDS, Behind, eventually, new_id
from tests.callers import at, phone, write_in
from tests.geocoders import HOUSE, geocoder, postcode, question, stand_in, what3words

ADDRESS, W3W = ClueKind.ADDRESS, ClueKind.WHAT3WORDS
WORTH_S = {ADDRESS: 900.0, W3W: 900.0}
TEXT = "help at 14 Acacia Avenue, Leeds"


class Reader:
    """Finds the addresses and three words of these tests, as the locator would."""

    KNOWN = (
        ("14 Acacia Avenue, Leeds", ADDRESS),
        ("9 Mill Lane, York", ADDRESS),
        ("1 Nowhere Lane, Atlantis", ADDRESS),
        ("3 Bridge Street, Newport", ADDRESS),
        ("///index.home.raft", W3W),
        ("///not.three.words", W3W),
    )

    def __init__(self, *others: Clue, is_negated: bool = False):
        self._others, self._is_negated = others, is_negated

    def read(self, text: str) -> Reading:
        found = [
            Clue(
                kind=kind,
                words=words,
                start=text.index(words),
                end=text.index(words) + len(words),
                is_negated=self._is_negated,
            )
            for words, kind in self.KNOWN
            if words in text
        ]
        return Reading(clues=(*found, *self._others))


@pytest.fixture
async def api() -> AsyncIterator[GeocoderApi]:
    made = stand_in()
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def behind(store: Store) -> AsyncIterator[Behind]:
    made = Behind(store, locator=Reader())
    yield made
    await made.close()


class Workers:
    """Geocoding workers over one store, closed with the test."""

    def __init__(self, behind: Behind, api: GeocoderApi):
        self._behind, self._api, self._made = behind, api, list[Geocoding]()

    def start(self, **geocoders: Geocoder) -> Geocoding:
        of = {ClueKind(kind): one for kind, one in geocoders.items()} or {
            ADDRESS: geocoder(self._api, timeout_s=0.5),
            W3W: what3words(self._api, timeout_s=0.5),
        }
        self._made.append(Geocoding(self._behind.store, of, WORTH_S, self._behind.clock, new_id))
        return self._made[-1]

    async def close(self) -> None:
        for one in self._made:
            await one.close()


@pytest.fixture
async def workers(behind: Behind, api: GeocoderApi) -> AsyncIterator[Workers]:
    made = Workers(behind, api)
    yield made
    await made.close()


async def work(worker: Geocoding) -> None:
    """Until nothing is due at this moment of the clock and nothing is under way."""
    while await worker.step() or worker._tasks:
        await asyncio.gather(*worker._tasks, return_exceptions=True)


async def writes(behind: Behind, text: str = TEXT, number: int = 1) -> ContactId:
    contact_id = await write_in(behind.store, phone(number), text, seconds=behind.clock.seconds)
    await behind.triage()
    return contact_id


async def places(behind: Behind, contact_id: ContactId) -> list[CallerLocation]:
    found = await behind.store.read(lambda conn: contacts.hypotheses(conn, contact_id))
    return [one.location for one in found]


async def states(behind: Behind) -> list[tuple[str, str]]:
    rows = await behind.rows(tables.clue_lookups)
    return sorted((row.state, row.reason) for row in rows)


# -- what is added to a contact ----------------------------------------------------------------------


async def test_an_address_becomes_one_more_place_with_its_log_event(behind: Behind, workers: Workers) -> None:
    one = await writes(behind)
    assert await places(behind, one) == [] and (await behind.contact(one)).location is None
    behind.clock.seconds = 3
    await work(workers.start())
    (found,) = await places(behind, one)
    assert (found.latitude, found.longitude) == (HOUSE.latitude, HOUSE.longitude)
    assert (found.clue, found.clue_start, found.clue_end) == ("14 Acacia Avenue, Leeds", 8, 31)
    assert found.positioned_at == at(0)  # when it was said, not when it was found
    assert (await behind.contact(one)).location == found
    logged = [event for event in await behind.events(one) if event.name is LogEventName.LOCATION]
    assert [event.actor for event in logged] == ["geocoder:nominatim"]
    assert await states(behind) == [("found", "")]


async def test_three_words_and_an_address_of_one_message_are_both_looked_up(
    behind: Behind, workers: Workers
) -> None:
    one = await writes(behind, f"{TEXT} or ///index.home.raft")
    await work(workers.start())
    assert {place.source for place in await places(behind, one)} == {
        LocationSource.TEXT_ADDRESS,
        LocationSource.TEXT_W3W,
    }


async def test_of_two_places_of_one_name_none_is_acted_on(behind: Behind, workers: Workers) -> None:
    one = await writes(behind, "at 3 Bridge Street, Newport")
    await work(workers.start())
    assert len(await places(behind, one)) == 2
    assert (await behind.contact(one)).location is None


async def test_a_better_place_stays_the_best_and_nothing_is_overwritten(
    behind: Behind, workers: Workers
) -> None:
    one = await behind.app_writes("a", TEXT)
    await behind.triage()
    before = (await behind.contact(one)).location
    await work(workers.start())
    assert (await behind.contact(one)).location == before == LEEDS
    assert [place.source for place in await places(behind, one)] == [
        LocationSource.DEVICE,
        LocationSource.TEXT_ADDRESS,
    ]


async def test_what_nobody_needs_is_not_asked(behind: Behind, workers: Workers, api: GeocoderApi) -> None:
    behind.triaging = behind.triage_worker(Reader(is_negated=True))
    await writes(behind, f"not at {TEXT} any more")
    assert await behind.rows(tables.clue_lookups) == []
    behind.triaging = behind.triage_worker(Reader())
    two = await writes(behind, number=2)
    closing = update(tables.contacts).where(tables.contacts.c.id == two).values(state="closed")
    await behind.store.run(lambda conn: conn.execute(closing))
    await work(workers.start())
    assert api.asked == [] and await states(behind) == [("unneeded", "the contact is closed")]


async def test_the_postcode_of_the_same_message_is_held_against_the_answer(
    behind: Behind, workers: Workers
) -> None:
    far = postcode("LS2 7EW", 53.83, -1.50)
    clue = Clue(kind=ClueKind.POSTCODE, words="LS2 7EW", start=0, end=7, hypotheses=(far,))
    behind.triaging = behind.triage_worker(Reader(clue))
    one = await writes(behind)
    await work(workers.start())
    (found,) = [place for place in await places(behind, one) if place.source is LocationSource.TEXT_ADDRESS]
    assert "the text says LS2 7EW: one of them is wrong" in (found.note or "")


@pytest.mark.parametrize(
    ("text", "state"),
    [("1 Nowhere Lane, Atlantis", "nothing"), ("///not.three.words", "refused")],
)
async def test_that_nothing_is_known_is_kept_and_not_asked_again(
    behind: Behind, workers: Workers, api: GeocoderApi, text: str, state: str
) -> None:
    one = await writes(behind, f"at {text}")
    worker = workers.start()
    await work(worker)
    assert [found for found, _ in await states(behind)] == [state]
    asked = len(api.asked)
    behind.clock.seconds = 300
    await work(worker)
    assert len(api.asked) == asked and await places(behind, one) == []
    assert state in [event.data.get("lookup") for event in await behind.events(one)]


# -- what fails --------------------------------------------------------------------------------------


async def test_a_failed_lookup_is_made_again_with_growing_pauses_and_then_succeeds(
    behind: Behind, workers: Workers, api: GeocoderApi
) -> None:
    one = await writes(behind)
    worker, api.trouble = workers.start(), "error"
    await work(worker)
    await work(worker)  # at the same moment: nothing is due
    assert len(api.asked) == 1 and await states(behind) == [
        ("queued", "the service fails (GeocoderServiceError)")
    ]
    behind.clock.seconds, api.trouble = 3, ""
    await work(worker)
    assert len(await places(behind, one)) == 1


async def test_what_fails_for_too_long_is_given_up_with_its_reason(
    behind: Behind, workers: Workers, api: GeocoderApi
) -> None:
    one = await writes(behind)
    api.trouble = "error"
    worker = workers.start(address=geocoder(api, rest_after_failures=1000))
    for seconds in range(0, 1000, 50):
        behind.clock.seconds = seconds
        await work(worker)
    assert await states(behind) == [("given_up", "the service fails (GeocoderServiceError)")]
    assert 5 < len(api.asked) < 20
    assert "given_up" in [event.data.get("lookup") for event in await behind.events(one)]


async def test_what_nobody_asked_for_in_time_lapses_also_where_nothing_is_set(behind: Behind) -> None:
    await writes(behind)
    off = Geocoding(behind.store, {}, WORTH_S, behind.clock, new_id)
    assert await off.step() == 0 and await off.count() == 0
    behind.clock.seconds = 901
    assert await off.count() == 1 and await states(behind) == [("given_up", "never asked")]


class Broken:
    """A geocoder with a fault of our own for some words; counts who is asked."""

    name = "broken"
    may_ask = 4

    def __init__(self, poison: str = ""):
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._poison = poison

    async def find(self, question: PlaceQuestion) -> tuple[CallerLocation, ...]:
        self.asked.append(question.clue.words)
        await self.may_answer.wait()
        if self._poison and self._poison in question.clue.words:
            raise ZeroDivisionError(question.clue.words)
        return (LEEDS,)

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_poison_lookup_delays_no_other_and_is_not_quoted(
    behind: Behind, workers: Workers, capsys: pytest.CaptureFixture[str]
) -> None:
    await writes(behind, "at 9 Mill Lane, York", number=1)
    two = await writes(behind, TEXT, number=2)
    service = Broken(poison="Mill Lane")
    await work(workers.start(address=service))
    assert await places(behind, two)
    assert sorted(service.asked) == ["14 Acacia Avenue, Leeds", "9 Mill Lane, York"]
    assert await states(behind) == [("found", ""), ("queued", "our own fault (ZeroDivisionError)")]
    said = capsys.readouterr()
    assert "ZeroDivisionError" in said.out + said.err and "Mill Lane" not in said.out + said.err


async def test_a_row_that_cannot_be_read_delays_no_other(behind: Behind, workers: Workers) -> None:
    one = await writes(behind, "at 9 Mill Lane, York", number=1)
    two = await writes(behind, TEXT, number=2)
    spoilt = (
        update(tables.clues)
        .where(tables.clues.c.contact_id == one)
        .values(clue={"kind": "of another version"})
    )
    await behind.store.run(lambda conn: conn.execute(spoilt))
    await work(workers.start(address=Broken()))
    assert await places(behind, two)
    assert await states(behind) == [("found", ""), ("queued", "our own fault (ValidationError)")]


async def test_one_service_that_hangs_delays_the_other_not_at_all(
    behind: Behind, workers: Workers, api: GeocoderApi
) -> None:
    one = await writes(behind, f"{TEXT} or ///index.home.raft")
    hanging = stand_in()
    await hanging.start()
    hanging.trouble = "hang"
    worker = workers.start(address=geocoder(hanging, timeout_s=60), what3words=what3words(api))

    async def is_found() -> bool:
        await worker.step()
        return bool(await places(behind, one))

    started = time.monotonic()
    await eventually(is_found)
    assert time.monotonic() - started < 30 and hanging.under_way == 1
    await worker.close()
    await hanging.close()


# -- two workers, restarts, fences -------------------------------------------------------------------


async def test_two_workers_ask_once(behind: Behind, workers: Workers) -> None:
    for number in range(1, 9):
        await writes(behind, TEXT, number)
    service = Broken()
    one, other = workers.start(address=service), workers.start(address=service)
    await asyncio.gather(work(one), work(other))
    assert len(service.asked) == 8
    assert len(await behind.rows(tables.locations)) == 8


async def test_without_a_lease_they_would_ask_more_than_once(
    behind: Behind, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the test above sees what the lease prevents; the fence still lets one write."""
    monkeypatch.setattr(geocoding, "LEASE_S", -1.0)
    await writes(behind)
    service = Broken()
    service.may_answer.clear()
    one, other = workers.start(address=service), workers.start(address=service)
    assert await one.step() and await other.step(), "the second came by while the first was still asking"
    service.may_answer.set()
    await asyncio.gather(work(one), work(other))
    assert len(service.asked) > 1
    assert len(await behind.rows(tables.locations)) == 1


async def test_a_killed_workers_lookup_is_made_again_after_its_lease(
    behind: Behind, workers: Workers, api: GeocoderApi
) -> None:
    one = await writes(behind)
    api.trouble = "hang"
    killed = workers.start(address=geocoder(api, timeout_s=30))
    await killed.step()

    async def is_asked() -> bool:
        return api.under_way == 1

    await eventually(is_asked)
    for task in killed._tasks:
        task.cancel()
    await asyncio.gather(*killed._tasks, return_exceptions=True)
    api.trouble, second = "", workers.start()
    behind.clock.seconds = LEASE_S - 1
    await work(second)
    assert await places(behind, one) == []
    behind.clock.seconds = LEASE_S + 1
    await work(second)
    assert len(await places(behind, one)) == 1


async def due_twice(behind: Behind) -> tuple[DueLookup, DueLookup]:
    """The same look-up in two pairs of hands: the first one's lease has run out."""
    now = at(0)
    (first,) = await behind.store.run(lambda conn: lookups.claim_due(conn, now, ADDRESS, 5, LEASE_S))
    later = now + timedelta(seconds=LEASE_S + 1)
    (second,) = await behind.store.run(lambda conn: lookups.claim_due(conn, later, ADDRESS, 5, LEASE_S))
    return first, second


async def test_who_was_too_slow_writes_nothing(behind: Behind, workers: Workers) -> None:
    one = await writes(behind)
    first, second = await due_twice(behind)
    slow = workers.start(address=Broken())
    around = await behind.store.read(lambda conn: lookups.surroundings(conn, first))
    with pytest.raises(StaleClaim):
        await behind.store.run(lambda conn: slow._write(conn, first, around, (LEEDS,)))
    assert await places(behind, one) == []
    await behind.store.run(lambda conn: slow._write(conn, second, around, (LEEDS,)))
    with pytest.raises(StaleClaim):
        await behind.store.run(lambda conn: slow._write(conn, second, around, (LEEDS,)))
    assert len(await places(behind, one)) == 1


async def test_without_the_fence_both_would_write(
    behind: Behind, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the test above sees what the fence prevents."""
    monkeypatch.setattr(lookups, "end", lambda *_args, **_how: None)
    one = await writes(behind)
    first, second = await due_twice(behind)
    worker = workers.start(address=Broken())
    around = await behind.store.read(lambda conn: lookups.surroundings(conn, first))
    for due in (first, second):
        await behind.store.run(lambda conn, due=due: worker._write(conn, due, around, (LEEDS,)))
    assert len(await places(behind, one)) == 2


async def test_who_floods_us_with_addresses_does_not_use_up_what_others_may_ask(
    behind: Behind, workers: Workers
) -> None:
    for _ in range(30):
        await write_in(behind.store, phone(1), "at 9 Mill Lane, York", seconds=0)
    await behind.triage()
    two = await writes(behind, TEXT, number=2)
    service = Broken()
    await work(workers.start(address=service))
    assert await places(behind, two)
    assert service.asked.count("9 Mill Lane, York") == lookups.AT_ONCE_A_CONTACT


async def test_the_most_urgent_contacts_are_asked_for_first(behind: Behind) -> None:
    for number in range(1, 4):
        await writes(behind, TEXT, number)
    three = await writes(behind, TEXT, 3)
    rising = update(tables.contacts).where(tables.contacts.c.id == three).values(priority=0)
    await behind.store.run(lambda conn: conn.execute(rising))
    (first,) = await behind.store.run(lambda conn: lookups.claim_due(conn, at(1), ADDRESS, 1, LEASE_S))
    assert first.contact_id == three


# -- never in a contact's way ------------------------------------------------------------------------


class Watched(Broken):
    """Says whether a transaction was open in the store while it was asked."""

    def __init__(self, store: Store):
        super().__init__()
        self._store, self.checked_out = store, -1

    async def find(self, question: PlaceQuestion) -> tuple[CallerLocation, ...]:
        pool: Any = self._store._engine.pool
        self.checked_out = pool.checkedout() if hasattr(pool, "checkedout") else 0
        # On SQLite one open transaction would hold this one up for ever.
        await asyncio.wait_for(self._store.run(lambda conn: conn.execute(select(1)).scalar()), 2)
        return await super().find(question)


async def test_no_transaction_is_open_while_a_service_is_asked(behind: Behind, workers: Workers) -> None:
    await writes(behind)
    service = Watched(behind.store)
    await work(workers.start(address=service))
    assert service.asked and service.checked_out == 0


async def test_a_transaction_held_open_meanwhile_would_be_noticed(behind: Behind) -> None:
    """Negative control of the test above."""
    service, loop = Watched(behind.store), asyncio.get_running_loop()

    def ask_inside(_conn: Any) -> None:
        asyncio.run_coroutine_threadsafe(service.find(question(TEXT)), loop).result(5)

    if behind.store.is_sqlite:
        with pytest.raises(TimeoutError):
            await behind.store.run(ask_inside)
    else:
        await behind.store.run(ask_inside)
        assert service.checked_out == 1


async def test_a_failure_is_told_as_a_failure(behind: Behind, workers: Workers) -> None:
    """The port's own error needs no other service to be met."""

    class Refusing(Broken):
        async def find(self, question: PlaceQuestion) -> tuple[CallerLocation, ...]:
            raise LookupFailed("these are no words", permanent=True)

    await writes(behind)
    await work(workers.start(address=Refusing()))
    assert await states(behind) == [(LookupState.REFUSED.value, "these are no words")]


TROUBLES = ["hang", "error", "garbage", "too_many", "abroad", "off"]


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_contact_is_triaged_answered_and_sent_as_if_there_were_no_geocoder(
    behind: Behind, workers: Workers, api: GeocoderApi, trouble: str
) -> None:
    """The same messages, with the geocoder in every kind of trouble, while its worker runs beside."""
    api.trouble, api.ignores_countries = ("" if trouble == "abroad" else trouble), True
    if trouble == "abroad":
        api.addresses = [_moved_to_perth()]
    started = time.monotonic()
    patience_s = 60.0 if trouble == "hang" else 0.5
    worker = workers.start(address=geocoder(api, timeout_s=patience_s))
    if trouble == "off":
        worker = workers.start(what3words=what3words(api))
    stop = asyncio.Event()

    async def beside() -> None:
        while not stop.is_set():
            await worker.step()
            await asyncio.sleep(0.005)

    running = asyncio.create_task(beside())
    app = await behind.app_writes("a", TEXT)
    texts = [await writes(behind, TEXT, number) for number in range(1, 6)]
    await behind.triage()
    # Triage, answer and hand-over are done; nothing was waited for.
    waited_s = time.monotonic() - started
    assert [transfer.service for transfer in await behind.transfers(app)] == [Service.AMBULANCE]
    for one in texts:
        assert await behind.said_to(one) == ["received_ask_location"]
        assert (await behind.contact(one)).priority_rule
    assert waited_s < 30
    stop.set()
    await running
    if trouble == "abroad":
        await work(worker)
        # The phone's fix still answers for the contact that has one.
        assert (await behind.contact(app)).location == LEEDS
        (place,) = [one for one in await places(behind, app) if one.source is LocationSource.TEXT_ADDRESS]
        assert "outside the UK and its seas" in (place.note or "")


async def test_who_did_wait_for_one_that_hangs_would_be_seen_waiting(
    behind: Behind, workers: Workers, api: GeocoderApi
) -> None:
    """Negative control of the two tests beside it."""
    await writes(behind)
    api.trouble, started = "hang", time.monotonic()
    await work(workers.start(address=geocoder(api, timeout_s=1.0)))
    assert time.monotonic() - started >= 1.0


def _moved_to_perth() -> Any:

    return msgspec.structs.replace(
        HOUSE, latitude=-31.95, longitude=115.86, country_code="au", country="Australia", postcode="6000"
    )


async def test_messages_are_read_as_quickly_while_the_geocoder_hangs(
    behind: Behind, workers: Workers, api: GeocoderApi
) -> None:
    """Triage of twenty messages, with every look-up hanging and with none: within each other's reach."""

    async def timed(first: int) -> float:
        for number in range(first, first + 20):
            await write_in(behind.store, phone(number), TEXT, seconds=0)
        started = time.monotonic()
        await behind.triage()
        return time.monotonic() - started

    without_s = await timed(100)
    api.trouble = "hang"
    worker = workers.start(address=geocoder(api, timeout_s=60, at_once=8))
    await worker.step()

    async def is_hanging() -> bool:
        return api.under_way == 8

    await eventually(is_hanging)
    with_s = await timed(200)
    # A triage that waited for one look-up would take 60 s.
    assert with_s < 20 + 5 * without_s
    assert api.under_way == 8
