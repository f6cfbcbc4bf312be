"""What is measured: each function gives the lines of one group of the table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import points
from accuracy.borders import Borders, bands
from accuracy.fixes import calibrate
from accuracy.london import OWN_ERROR_M, ask_london
from accuracy.shore import CLEAR_M, KINDS, ask_shore
from accuracy.subject import Places, Subject
from accuracy.table import Line

from intake.boundaries.districts import TERRITORIAL
from intake.boundaries.postcodes import Postcodes
from intake.control_room import Service
from intake.routing.decision import RoutingDecision

RANDOM_LAND, BY_PEOPLE, COVERED = 0.991, 0.999, 0.999
"""The aims: right by random land, right by where people live, the true room among the candidates."""
_FIX_RADII_M = (10.0, 100.0, 1_000.0, 3_000.0)


def right_rooms(subject: Subject, places: Places, aim: float | None, by_band: bool = False) -> Iterator[Line]:
    """The part of the places that each service is told right, and the police's by distance to the border."""
    services = [service for service in TERRITORIAL if service in places.truth]
    decisions = subject.decide(places, services, 10.0)
    for number, service in enumerate(services):
        right = _right(decisions, number, places.truth[service])
        yield Line(places.name, service.word, float(right.mean()), len(right), aim)
        if by_band and service is Service.POLICE:
            away_m = Borders(subject, service).away_m(places.eastings, places.northings)
            for words, within in bands(away_m):
                if within.any():
                    said = f"  police, {words} from a force's border"
                    yield Line(places.name, said, float(right[within].mean()), int(within.sum()))


def candidate_sets(subject: Subject, places: Places, seed: int) -> Iterator[Line]:
    """Whether the true room is a candidate when the fix is wrong as its radius allows (95 % within it)."""
    random = np.random.default_rng(seed)
    for radius_m in _FIX_RADII_M:
        sigma_m = radius_m / np.sqrt(-2.0 * np.log(0.05))
        moved = random.normal(0.0, sigma_m, (2, len(places.eastings)))
        fixes = places._replace(eastings=places.eastings + moved[0], northings=places.northings + moved[1])
        decisions = subject.decide(fixes, [Service.POLICE], radius_m)
        sets = [{candidate.room_id for candidate in one[0].candidates} for one in decisions]
        held = [room in rooms for room, rooms in zip(places.truth[Service.POLICE], sets, strict=True)]
        mean = sum(map(len, sets)) / len(sets)
        said = f"true police room among the candidates, {radius_m:,.0f} m fix"
        group = f"candidates, {places.name}"
        yield Line(group, said, sum(held) / len(held), len(held), COVERED, note=f"{mean:.2f} candidates")


def stated_odds(subject: Subject, places: Places, seed: int) -> Iterator[Line]:
    """Where a room is stated with a probability, how often it is the true one."""
    random = np.random.default_rng(seed)
    near = Borders(subject, Service.POLICE).away_m(places.eastings, places.northings) < 3_000.0
    chosen = places._replace(
        eastings=places.eastings[near],
        northings=places.northings[near],
        truth={
            Service.POLICE: [
                room for room, one in zip(places.truth[Service.POLICE], near, strict=True) if one
            ]
        },
    )
    sigma_m = 1_500.0 / np.sqrt(-2.0 * np.log(0.05))
    moved = random.normal(0.0, sigma_m, (2, int(near.sum())))
    fixes = chosen._replace(eastings=chosen.eastings + moved[0], northings=chosen.northings + moved[1])
    decisions = subject.decide(fixes, [Service.POLICE], 1_500.0)
    stated = np.array([one[0].probability for one in decisions])
    right = _right(decisions, 0, chosen.truth[Service.POLICE])
    for low, high in ((0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.951)):
        within = (stated >= low) & (stated < high)
        if within.sum() >= 30:
            said = f"stated {low:.0%} to {min(high, 0.95):.0%}"
            note = f"{stated[within].mean():.1%} stated"
            group = "police by a 1.5 km fix near a border: how often the stated room is right"
            yield Line(group, said, float(right[within].mean()), int(within.sum()), note=note)


def circles(directory: Postcodes, held: Postcodes, count: int, seed: int) -> Iterator[Line]:
    """Calibration of each source's circle."""
    for one in calibrate(directory, held, count, seed):
        note = f"median radius {one.radius_m:,.0f} m"
        if one.unread:
            note += f", {one.unread:.1%} not read"
        group = "truth inside the stated 95 % circle (simulated)"
        low, high = one.aim
        yield Line(group, one.source, one.inside, one.count, low, high if high < 1 else None, note=note)


def by_others(
    subject: Subject, directory: Postcodes, fetched: Path, ground: tuple[Any, Any], seed: int
) -> Iterator[Line]:
    """Police by outlines that owe nothing to postcodes."""
    group = "police by outlines drawn by others (their errors count against us)"
    places, border_m = points.counties(subject, directory, fetched, ground)
    right = _right(subject.decide(places, [Service.POLICE], 10.0), 0, places.truth[Service.POLICE])
    clear = border_m > points.COUNTY_DETAIL_M
    yield Line(group, "counties of Natural Earth, 1:10 million", float(right.mean()), len(right))
    said = f"the same, more than {points.COUNTY_DETAIL_M:,.0f} m from their outlines"
    yield Line(group, said, float(right[clear].mean()), int(clear.sum()), 0.995)
    london = ask_london(subject, directory, fetched, len(right) // 2, seed)
    yield Line(group, "London's boroughs, simplified, and 3 km about them", *london.everywhere)
    said = f"the same, more than {OWN_ERROR_M:,.0f} m from their outlines"
    yield Line(group, said, *london.clear, 0.99)
    said = "those outlines themselves, of the directory's own postcodes there"
    yield Line(group, said, *london.postcodes)


def coasts(subject: Subject, fetched: Path, count: int, seed: int) -> Iterator[Line]:
    """The shore is OpenStreetMap's and the seaward edge GSHHG's: each is held to both."""
    for shore in ask_shore(subject, fetched, count, seed):
        group = f"inland, shore or sea within some 3 km of the coast, by {shore.source}"
        yield Line(group, "right", shore.right, shore.count)
        yield Line(group, f"right, more than {CLEAR_M:,.0f} m from where one ends", shore.clear, shore.count)
        for kind in KINDS:
            yield Line(group, f"  of those {kind}", shore.by_kind[kind], shore.count)
        said = "the coastguard is offered or leads wherever there is no land"
        yield Line(group, said, shore.kept, shore.off_land, shore.aim)


def _right(decisions: list[tuple[RoutingDecision, ...]], number: int, truth: Any) -> Any:
    return np.array([one[number].room_id == room for one, room in zip(decisions, truth, strict=True)])
