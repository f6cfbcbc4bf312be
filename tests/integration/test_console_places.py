"""A contact's places through the console: what is made of them, exports, a choice, and who waits."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from lxml import etree

from intake.__main__ import main
from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.contact import ContactState, Trust
from intake.control_room import Service
from intake.locate.pidf_lo import read
from intake.locate.pidf_lo_out import write
from intake.location import CallerLocation, LocationMethod, LocationSource, Whose
from intake.store import contacts, tables, triage
from intake.store.store import Store
from tests.behind_doors import LEEDS as APP_FIX
from tests.behind_doors import Behind
from tests.callers import at, phone, queue_of
from tests.desk import TOKENS, HandClock, console, new_id

FIX = CallerLocation(
    latitude=53.7965,
    longitude=-1.5478,
    uncertainty_m=20,
    method=LocationMethod.GNSS,
    positioned_at=at(0),
)
FIRE = CallerLocation(
    latitude=53.8500,
    longitude=-1.5478,
    uncertainty_m=150,
    source=LocationSource.TEXT_POSTCODE,
    clue="LS16 1AA",
    positioned_at=at(0),
    whose=Whose.INCIDENT,
)
PIDF = write(
    [
        CallerLocation(
            latitude=54.0,
            longitude=-1.2,
            uncertainty_m=80,
            positioned_at=at(-3600),
            method=LocationMethod.GNSS,
        )
    ],
    entity="tel:+447700900123",
)


async def with_places(store: Store, *places: CallerLocation) -> str:
    (contact_id,) = await queue_of(store, 1)

    def work(conn: Any) -> None:
        fields = {"contact_id": contact_id, "message_id": None, "caller": phone(0), "actor": "triage"}
        triage.add_locations(conn, at(0), list(places), new_id=new_id, **fields)
        triage.set_best(conn, at(0), contact_id, places[0])

    await store.run(work)
    return contact_id


async def test_caller_and_incident_are_shown_apart_with_reasons(store: Store) -> None:
    one, clock = await with_places(store, FIX, FIRE), HandClock()
    clock.seconds = 60
    async with console(store, clock) as server, ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada:
        shown = await ada.show(one)
        fused = shown.fused
        assert fused.caller is not None and fused.incident is not None
        ids = {place.place.source: place.id for place in shown.places}
        assert (fused.caller.id, fused.incident.id) == (ids["device"], ids["text_postcode"])
        assert (fused.acts_on, fused.in_doubt) == ("incident", True)
        assert [(place.place.whose, place.place.shape) for place in shown.places] == [
            ("", "circle"),
            ("incident", "circle"),
        ]
        assert fused.caller.radius_m == 110  # 20 m and a minute's walk
        assert [said.en for said in fused.warnings] == [
            "the incident's place is 6.0 km from the caller's own"
        ]
        assert fused.warnings[0].cy.startswith("y digwyddiad: 6.0 km")
        preview = await ada.places(one, "places.geojson")
        roles = {f["id"]: f["properties"]["role"] for f in json.loads(preview)["features"]}
        assert roles == {ids["device"]: "caller", ids["text_postcode"]: "acted_on"}


async def test_pidf_tells_of_one_target_and_leaves_out_what_contradicts_it(store: Store) -> None:
    near = msgspec.structs.replace(FIX, source=LocationSource.AML, uncertainty_m=400)
    far = msgspec.structs.replace(FIRE, whose=Whose.UNSAID, latitude=55.0)
    one = await with_places(store, FIX, FIRE, near, far)
    async with (
        console(store, HandClock()) as server,
        ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada,
    ):
        caller = await ada.places(one, "places.pidf.xml")
        incident = await ada.places(one, "places.pidf.xml", whose="incident")
    reading = read(caller)
    assert [place.uncertainty_m for place in reading.places] == [20, 400]  # the answer first (rule 8)
    assert reading.entity == phone(0)
    note = etree.fromstring(caller).findtext("{urn:ietf:params:xml:ns:pidf}note")
    assert note == "1 more stated places are not the same place and are left out"
    assert [place.latitude for place in read(incident).places] == [FIRE.latitude]
    assert read(incident).entity.startswith("urn:x-national-intake:incident-of:")


async def test_exports_are_for_handlers_only(store: Store) -> None:
    one = await with_places(store, FIX)
    bearer = {"Authorization": f"Bearer {TOKENS['ada']}"}
    kinds = {"places.geojson": "application/geo+json", "places.pidf.xml": "application/pidf+xml"}
    async with console(store, HandClock()) as server, aiohttp.ClientSession() as http:
        for name, kind in kinds.items():
            url = server.make_url(f"/api/v1/contacts/{one}/{name}")
            async with http.get(url) as response:
                assert response.status == 401
            async with http.get(url, headers=bearer) as response:
                assert (response.status, response.content_type) == (200, kind)
                assert response.headers["Cache-Control"] == "no-store"
            async with http.get(url.with_query(colour="red"), headers=bearer) as response:
                assert response.status == (400 if name.endswith("xml") else 200)
            unknown = server.make_url(f"/api/v1/contacts/99/{name}")
            async with http.get(unknown, headers=bearer) as response:
                assert response.status == 404


async def test_a_contact_without_a_place_exports_none(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    async with (
        console(store, HandClock()) as server,
        ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada,
    ):
        assert json.loads(await ada.places(one, "places.geojson"))["features"] == []
        document = await ada.places(one, "places.pidf.xml")
        assert b"no place is known" in document and read(document).places == ()
        assert (await ada.show(one)).fused.caller is None


async def test_a_handlers_choice_outranks_all_and_is_logged_with_what_it_replaced(store: Store) -> None:
    one = await with_places(store, FIX, FIRE)
    async with (
        console(store, HandClock()) as server,
        ConsoleClient(str(server.make_url("")), TOKENS["ada"]) as ada,
    ):
        fence = {"attempts": (await ada.change(one, "claim")).attempts}
        row = await ada.change(one, "locations", **fence, latitude=53.86, longitude=-1.5, whose="incident")
        assert row.place is not None and (row.place.latitude, row.place.source) == (53.86, "handler")
        row = await ada.change(one, "locations", **fence, pidf=PIDF.decode())
        assert row.place is not None and row.place.latitude == 54.0
        assert "measured 2026-03-01T11:00:00+00:00" in (
            row.place.note or ""
        )  # the latest choice, though measured earlier
        shown = await ada.show(one)
        for document in ("<x/>", "<!DOCTYPE x><presence/>", "not XML"):
            with pytest.raises(ConsoleRefused, match="the document cannot be read") as refused:
                await ada.change(one, "locations", **fence, pidf=document)
            assert refused.value.status == 400
    choices = [event for event in shown.log if "instead_of" in event.data]
    assert [event.actor for event in choices] == ["ada", "ada"]
    assert choices[0].data["instead_of"]["source"] == "device" and choices[0].data["whose"] == "incident"
    assert choices[1].data["instead_of"]["latitude"] == 53.86
    assert choices[1].data["acts_on"]["latitude"] == 54.0
    assert len(shown.places) == 4  # law 14


async def test_at_the_terminal(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
    monkeypatch.setenv("COLUMNS", "160")
    await with_places(
        store,
        FIX,
        FIRE,
        msgspec.structs.replace(FIX, latitude=52.0, uncertainty_m=30, source=LocationSource.AML),
    )
    (tmp_path / "place.xml").write_bytes(PIDF)

    async with console(store, HandClock()) as server:

        async def said(*words: str) -> tuple[int, str, str]:
            capsys.readouterr()
            code = await asyncio.to_thread(main, ["queue", "--url", str(server.make_url("")), *words])
            return (code, *capsys.readouterr())

        code, out, _ = await said("places", "1")
        assert code == 0 and "[acted on]" in out and "it contradicts the better one, 200 km away" in out
        assert "the phone's AML fix" in out and "! the incident's place is 6.0 km" in out
        assert "y digwyddiad: 6.0 km" in (await said("places", "1", "--welsh"))[1]
        shown = (await said("show", "1"))[1]
        assert "the incident's place is 6.0 km" in shown and "text_postcode (incident's)" in shown
        _, out, _ = await said("places", "1", "--format", "geojson")
        assert len(json.loads(out)["features"]) == 3
        _, out, _ = await said("places", "1", "--format", "pidf", "--whose", "incident")
        assert len(read(out.strip().encode()).places) == 1
        _, out, _ = await said("places", "1", "--json")
        assert json.loads(out)["acts_on"] == "incident"
        await said("claim", "1")
        code, _, err = await said("locate", "1", "--pidf", str(tmp_path / "place.xml"))
        assert code == 0, err
        assert "54.00000, -1.20000" in (await said("places", "1"))[1]
        for wrong in (["1"], ["1", "LS1", "--pidf", "x"], ["1", "--pidf", str(tmp_path / "none.xml")]):
            code, _, err = await said("locate", *wrong)
            assert code == 1 and err


# -- who may go by itself ---------------------------------------------------------------------------------


async def test_caller_and_incident_far_apart_wait_for_a_person(store: Store) -> None:
    """Negative controls: with one place, or the incident beside its caller, it goes by itself."""
    behind = Behind(store)
    fire = msgspec.structs.replace(FIRE, uncertainty_m=50)
    beside = msgspec.structs.replace(fire, latitude=APP_FIX.latitude)
    try:
        for handle, places, goes in (
            ("one place", (APP_FIX,), True),
            ("beside", (APP_FIX, beside), True),
            ("apart", (APP_FIX, fire), False),
            ("contradiction", (APP_FIX, msgspec.structs.replace(fire, whose=Whose.UNSAID)), False),
        ):
            one = await behind.app_writes(handle, locations=places, trust=Trust.TOKEN)
            await behind.triage()
            state = (await behind.contact(one)).state
            assert (state is not ContactState.WAITING) == goes, handle
    finally:
        await behind.close()


async def test_hand_over_goes_to_the_incidents_room(store: Store) -> None:
    """The caller stands in Leeds, the incident is in Cardiff: a person sends, the incident's room gets it."""
    behind = Behind(store)
    try:
        cardiff = msgspec.structs.replace(FIRE, latitude=51.4810, longitude=-3.1790)
        one = await behind.app_writes("a", locations=(APP_FIX, cardiff), service=None)
        await behind.triage()
        assert (await behind.contact(one)).location == cardiff
        await behind.person_sends(one, [Service.FIRE])
        (sent,) = await behind.transfers(one)
        assert sent.room_id == "fire-south-wales"
        (decision,) = await behind.rows(tables.decisions)
        used = await behind.store.read(lambda conn: contacts.hypotheses(conn, one))
        assert decision.location_id == next(place.id for place in used if place.location == cardiff)
    finally:
        await behind.close()
