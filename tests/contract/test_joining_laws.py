"""Whose a phone's fix is, on both engines: by number or device, in any order, and never another's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from intake.console.views import contact as views
from intake.contact import ChannelKind, ContactId, ContactState, Priority, Trust
from intake.log_events import LogEventName
from intake.phone import device_uri
from intake.simulate.aml_phone import PhoneFix
from intake.store import claims, contacts, handling, joining, tables, unclaimed
from intake.store.claims import Claim
from tests.behind_doors import Behind
from tests.callers import at, phone, write_in
from tests.phones import ADAPTER, IMEI, IMEI_2, handset, says_where, texts_where

Step = Callable[[], Awaitable[Any]]


async def texts(behind: Behind, digits: int, words: str = "help", **more: Any) -> ContactId:
    return await write_in(behind.store, phone(digits), words, seconds=behind.clock.seconds, **more)


async def opens_app(behind: Behind, handle: str, **extra: str) -> ContactId:
    return await behind.app_writes(handle, locations=(), service=None, extra=extra)


async def joined(behind: Behind, contact_id: ContactId) -> list[tuple[float, str]]:
    """Latitude and evidence of each fix a contact has."""
    rows = [row for row in await behind.rows(tables.locations) if row.contact_id == contact_id]
    return [(row.location["latitude"], row.joined_by) for row in rows if row.source == "aml"]


async def nobodys(behind: Behind) -> unclaimed.Counts:
    now = behind.clock.now()
    return await behind.store.read(lambda conn: unclaimed.count(conn, now, 600, 3_600))


# -- in any order --------------------------------------------------------------------------------------


async def test_by_number_however_it_is_written_and_the_evidence_is_logged(behind: Behind) -> None:
    numbers = ["+4477009000{}", "07700 9000{}", "4477009000{}", "0044 7700 9000{}"]
    for digits, number in enumerate((one.format(f"{n:02d}") for n, one in enumerate(numbers))):
        await says_where(behind, handset(number))
        await behind.triage()
        behind.clock.seconds += 20
        one = await texts(behind, digits)
        await behind.triage()
        await says_where(behind, handset(number), 53.8)
        await behind.triage()
        assert await joined(behind, one) == [(53.7965, "number"), (53.8, "number")], number
        told = [e.data.get("joined_by") for e in await behind.events(one) if e.name is LogEventName.LOCATION]
        assert told == ["number", "number"], number
        stored = await behind.store.read(partial(contacts.hypotheses, contact_id=one))
        assert [views.hypothesis(place, None).joined_by for place in stored] == told


@pytest.mark.parametrize("has_place", [True, False])
async def test_a_fix_without_a_number_is_known_by_the_device_in_every_order(
    behind: Behind, has_place: bool
) -> None:
    """The text, an AML that names number and device, a fix that names the device alone: six orders."""
    for number, order in enumerate(permutations("tnd")):
        imei = f"00499901{640000 + number}0"
        named, unnamed = handset(f"{number:03d}", imei), handset("anonymous", imei)
        steps: dict[str, Step] = {
            "t": lambda n=number: texts(behind, n),  # type: ignore[misc]
            "n": lambda p=named: says_where(behind, p, 53.1 if has_place else None),  # type: ignore[misc]
            "d": lambda p=unnamed: says_where(behind, p, 53.2),  # type: ignore[misc]
        }
        made: dict[str, Any] = {}
        for letter in order:
            behind.clock.seconds += 5
            made[letter] = await steps[letter]()
            await behind.triage()
        found = await joined(behind, made["t"])
        assert sorted(found) == [(53.1, "number")] * has_place + [(53.2, "device")], order
    assert await behind.triaging.rejoin() == 0  # nothing was left to the backstop


async def test_an_app_that_states_its_device_gets_its_fix_in_either_order(behind: Behind) -> None:
    for number, fix_first in enumerate((True, False)):
        imei = f"00499901{640000 + number}0"
        steps: list[Step] = [
            lambda i=imei: says_where(behind, handset("", i)),  # type: ignore[misc]
            lambda n=number, i=imei: opens_app(behind, f"a{n}", imei=i),  # type: ignore[misc]
        ]
        results = []
        for step in steps if fix_first else steps[::-1]:
            results.append(await step())
            await behind.triage()
        one = results[1 if fix_first else 0]
        assert await joined(behind, one) == [(53.7965, "stated device")]


async def test_what_an_unsigned_form_pairs_is_no_better_than_what_a_caller_states(behind: Behind) -> None:
    """Anybody may post a pair of a number and somebody's device: another claim puts it in dispute."""
    one = await texts(behind, 1)
    await says_where(behind, handset("001", IMEI), None, trust=Trust.ANONYMOUS)
    await says_where(behind, handset("", IMEI), 53.2)
    await behind.triage()
    assert await joined(behind, one) == [(53.2, "stated device")]
    two = await texts(behind, 2)
    await says_where(behind, handset("002", IMEI), None, trust=Trust.ANONYMOUS)
    await says_where(behind, handset("", IMEI), 53.3)
    await behind.triage()
    assert await joined(behind, one) == [(53.2, "stated device")] and await joined(behind, two) == []
    assert (await nobodys(behind)).contested == 1
    behind.clock.seconds = 1  # a signed one of the phone's own settles it
    await says_where(behind, handset("002", IMEI), None)
    await behind.triage()
    assert await joined(behind, two) == [(53.3, "device")]


# -- one number, two phones; one phone, two numbers -----------------------------------------------------


async def test_two_phones_with_one_number_are_both_shown_and_told_apart(behind: Behind) -> None:
    one = await texts(behind, 1)
    await says_where(behind, handset("001", IMEI), 53.1)
    await behind.triage()
    behind.clock.seconds = 5
    await says_where(behind, handset("001", IMEI_2), 53.2)
    await says_where(behind, handset("001", IMEI), 53.3)
    await behind.triage()
    stored = await behind.store.read(lambda conn: contacts.hypotheses(conn, one))
    notes = {place.location.latitude: place.location.note or "" for place in stored}
    assert "not the phone" not in notes[53.1] and "not the phone" in notes[53.2]


async def test_a_number_that_changes_between_texts_takes_its_phone_with_it(behind: Behind) -> None:
    """Two SIMs in one phone: each text's fix goes to its own contact, the nameless one to the newest."""
    first = await texts(behind, 1)
    await says_where(behind, handset("001", IMEI), 53.1)
    await behind.triage()
    behind.clock.seconds = 60
    second = await texts(behind, 2)
    await says_where(behind, handset("002", IMEI), 53.2)
    await behind.triage()
    await says_where(behind, handset("anonymous", IMEI), 53.3)
    await behind.triage()
    assert await joined(behind, first) == [(53.1, "number")]
    assert await joined(behind, second) == [(53.2, "number"), (53.3, "device")]


async def test_a_number_that_two_state_is_in_dispute_until_its_owner_writes(behind: Behind) -> None:
    ann = await opens_app(behind, "ann", telephone="07700 900001")
    bob = await opens_app(behind, "bob", telephone="+44 7700 900001")
    await behind.triage()
    await says_where(behind, handset("001", IMEI))
    await behind.triage()
    for one in (ann, bob):
        assert await joined(behind, one) == []
        assert [e for e in await behind.events(one) if e.data.get("joined_by") == "contested"]
    assert (await nobodys(behind)).contested == 1
    assert await behind.triaging.rejoin() == 0
    behind.clock.seconds = 30
    owner = await texts(behind, 1)
    await behind.triage()
    assert await joined(behind, owner) == [(53.7965, "number")]
    assert (await nobodys(behind)).contested == 0
    assert await joined(behind, ann) == await joined(behind, bob) == []


async def test_in_a_dispute_the_device_decides(behind: Behind) -> None:
    ann = await opens_app(behind, "ann", telephone="07700 900001", imei=IMEI)
    await opens_app(behind, "bob", telephone="07700 900001")
    await behind.triage()
    await says_where(behind, handset("001", IMEI))
    await behind.triage()
    assert await joined(behind, ann) == [(53.7965, "stated device")]


async def test_who_only_states_a_number_does_not_take_its_owners_fix_away(behind: Behind) -> None:
    claimant = await opens_app(behind, "a", telephone="07700 900001")
    await behind.triage()
    await says_where(behind, handset("001", IMEI))
    await behind.triage()
    assert await joined(behind, claimant) == [(53.7965, "stated number")]
    behind.clock.seconds = 30
    owner = await texts(behind, 1)
    await behind.triage()
    await behind.triage()
    assert await joined(behind, owner) == [(53.7965, "number")]
    assert await joined(behind, claimant) == [(53.7965, "stated number")]  # nothing is torn away
    await texts(behind, 1, "still here")
    await behind.triage()
    assert len(await joined(behind, owner)) == 1
    # From now on the number is its owner's alone.
    await says_where(behind, handset("001", IMEI), 53.9)
    await behind.triage()
    assert (53.9, "number") in await joined(behind, owner) and len(await joined(behind, claimant)) == 1


# -- in time, or with nobody ----------------------------------------------------------------------------


async def test_a_fix_waits_ten_minutes_and_is_then_kept_in_sight_with_nobody(behind: Behind) -> None:
    await says_where(behind, handset("001", IMEI))
    await says_where(behind, handset("002", IMEI_2))
    await behind.triage()
    assert await nobodys(behind) == unclaimed.Counts(waiting=2, late=0, contested=0)
    behind.clock.seconds = behind.settings.fixes_wait_s
    in_time = await texts(behind, 1)
    await behind.triage()
    behind.clock.seconds += 1
    late = await texts(behind, 2)
    await behind.triage()
    await behind.triaging.rejoin()
    assert await joined(behind, in_time) == [(53.7965, "number")] and await joined(behind, late) == []
    assert await nobodys(behind) == unclaimed.Counts(waiting=0, late=1, contested=0)
    (fix,) = await behind.store.read(lambda conn: unclaimed.newest(conn, at(0)))
    assert (fix.caller, fix.device) == (phone(2), device_uri(IMEI_2))


async def test_a_fix_does_not_go_to_a_closed_conversation_of_its_device(behind: Behind) -> None:
    old = await texts(behind, 1)
    await says_where(behind, handset("001", IMEI))
    await behind.triage()
    mine = await behind.store.run(lambda conn: claims.claim(conn, at(5), old, "ada", 60))
    await behind.store.run(lambda conn: handling.close(conn, at(6), Claim.of(mine), "resolved"))
    behind.clock.seconds = behind.settings.silence_s + 100
    await says_where(behind, handset("", IMEI), 53.2)
    await behind.triage()
    assert len(await joined(behind, old)) == 1


# -- never another's ------------------------------------------------------------------------------------


async def nobody_gets_anothers_fix(behind: Behind) -> None:
    """Five callers at one moment, in one cell, on one type of phone, all but two without a number: each
    contact has what its own phone said, and nothing else."""
    cell: Any = {"cell_id": "12345678", "cell_network_mcc": "234", "cell_network_mnc": "15"}
    ann, bob = await texts(behind, 1), await texts(behind, 2)
    cid = await opens_app(behind, "cid", telephone="07700 900003")
    await says_where(behind, handset("001", IMEI), 53.1, **cell)
    await says_where(behind, handset("002", IMEI_2), 53.2, **cell)
    await says_where(behind, handset("anonymous", "004999010000000"), 53.3, **cell)  # its type alone
    await says_where(behind, handset("withheld", ""), 53.4, **cell)
    await says_where(behind, handset("004", "004999010640034"), 53.5, **cell)
    await behind.triage()
    behind.clock.seconds = 1
    dan = await opens_app(behind, "dan", imei="004999010000000")
    await behind.triage()
    await behind.triaging.rejoin()
    assert await joined(behind, ann) == [(53.1, "number")]
    assert await joined(behind, bob) == [(53.2, "number")]
    assert await joined(behind, cid) == [] and await joined(behind, dan) == []
    assert (await nobodys(behind)).waiting == 3


async def test_nobody_gets_anothers_fix(behind: Behind) -> None:
    await nobody_gets_anothers_fix(behind)


def by_time(conn: Any, caller: str, device: str, moment: Any, patience: Any) -> joining.Owner:
    found = real_owner_of(conn, caller, device, moment, patience)
    newest = conn.execute(
        select(tables.contacts.c.id)
        .where(tables.contacts.c.last_message_at >= moment - timedelta(seconds=patience.wait_s))
        .order_by(tables.contacts.c.id.desc())
    ).scalar()
    return found if found.contact_id else joining.Owner(contact_id=newest, by=joining.Evidence.DEVICE)


def by_cell(conn: Any, caller: str, device: str, moment: Any, patience: Any) -> joining.Owner:
    """To a contact that has a fix out of the cell of the newest message."""
    found = real_owner_of(conn, caller, device, moment, patience)
    rows = conn.execute(select(tables.messages).order_by(tables.messages.c.id)).all()
    cells = {row.caller: row.content["extra"]["aml"].get("cell_id") for row in rows if row.channel == "aml"}
    of_contacts = conn.execute(select(tables.contacts)).all()
    same = [row.id for row in of_contacts if cells.get(row.caller) == cells.get(caller) is not None]
    if found.contact_id or not same:
        return found
    return joining.Owner(contact_id=same[0], by=joining.Evidence.DEVICE)


real_owner_of = joining.owner_of


@pytest.mark.parametrize("wrong", [by_time, by_cell])
async def test_joining_by_time_or_by_cell_would_be_found_out(
    behind: Behind, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "owner_of", wrong)
    with pytest.raises(AssertionError):
        await nobody_gets_anothers_fix(behind)


async def test_joining_by_the_type_of_phone_would_be_found_out(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_type(imei: str) -> str:
        return f"imei:{imei[:14]}" if imei else ""

    monkeypatch.setattr("channels.aml.normalise.device_uri", by_type)
    monkeypatch.setattr("channels.aml.telephone.device_uri", by_type)
    monkeypatch.setattr("intake.workers.joining.device_uri", by_type)
    with pytest.raises(AssertionError):
        await nobody_gets_anothers_fix(behind)


# -- what else a phone says ------------------------------------------------------------------------------


async def crash_and_language(behind: Behind, digits: int, fix_first: bool) -> Any:
    said_at = str(int(behind.clock.now().timestamp() * 1_000) - 30_000)
    steps: list[Step] = [
        lambda: says_where(
            behind, handset(f"{digits:03d}"), device_languages="cy-GB,en", adr_carcrash_time=said_at
        ),
        lambda: texts(behind, digits, "please help"),
    ]
    results = []
    for step in steps if fix_first else steps[::-1]:
        results.append(await step())
        await behind.triage()
    return await behind.contact(results[1 if fix_first else 0])


async def test_a_felt_crash_and_the_phones_language_count_in_either_order(behind: Behind) -> None:
    for number, fix_first in enumerate((True, False)):
        seen = await crash_and_language(behind, number, fix_first)
        assert (seen.priority, seen.priority_rule, seen.language) == (1, "car-crash", "cy"), fix_first
    plain = await texts(behind, 9, "please help")
    await says_where(behind, handset("009"), device_languages="fr-FR,en")
    await behind.triage()
    seen = await behind.contact(plain)
    assert (seen.priority, seen.priority_rule, seen.language) == (2, "anything-else", "en")


async def test_a_felt_crash_changes_nothing_a_person_has_set(behind: Behind) -> None:
    one = await texts(behind, 1)
    await behind.triage()
    mine = Claim.of(await behind.store.run(lambda conn: claims.claim(conn, at(1), one, "ada", 60)))
    await behind.store.run(lambda conn: handling.set_priority(conn, at(2), mine, Priority.ROUTINE))
    said_at = str(int(behind.clock.now().timestamp() * 1_000))
    await says_where(behind, handset("001"), adr_carcrash_time=said_at)
    await behind.triage()
    assert (await behind.contact(one)).priority == 3


async def test_a_crash_of_a_number_in_dispute_is_nobodys(behind: Behind) -> None:
    ann = await opens_app(behind, "ann", telephone="07700 900001")
    await opens_app(behind, "bob", telephone="07700 900001")
    await behind.triage()
    said_at = str(int(behind.clock.now().timestamp() * 1_000))
    await says_where(behind, handset("001"), adr_carcrash_time=said_at)
    await behind.triage()
    await behind.arrives(ChannelKind("app"), "app:ann", text="hello?")
    await behind.triage()
    assert (await behind.contact(ann)).priority_rule == "anything-else"


# -- a text in two parts ----------------------------------------------------------------------------------


async def test_two_texts_that_are_one_make_its_place(behind: Behind) -> None:
    behind.triaging._joining._whole_of = {"aml": ADAPTER.whole_of}  # type: ignore[attr-defined, dict-item]
    phone_1 = handset("001", IMEI)
    one = await texts(behind, 1)
    fix = PhoneFix(latitude=53.1, longitude=-1.5, radius_m=9, at=behind.clock.now())
    text = phone_1.text_1(fix, behind.clock.now())
    cut = text.index("lg=") + 5
    await texts_where(behind, phone_1, text[cut:])
    await behind.triage()
    assert await joined(behind, one) == []
    behind.clock.seconds = 3
    await texts_where(behind, phone_1, text[:cut])
    await behind.triage()
    assert await joined(behind, one) == [(53.1, "number")]
    (place,) = await behind.store.read(lambda conn: contacts.hypotheses(conn, one))
    assert "in parts" in (place.location.note or "")
    assert (await behind.contact(one)).state is ContactState.WAITING
