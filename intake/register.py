"""The register: control rooms, map and route policy read from the configuration, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from intake.boundaries.districts import DISTRICTS, TERRITORIAL, AreaOf, read_areas_of
from intake.boundaries.neighbours import NEIGHBOURS, read_neighbours
from intake.boundaries.released import folder_of, read_map
from intake.control_room import ControlRoom, RoomId, Service
from intake.errors import BadConfiguration
from intake.room_entries import GREAT_BRITAIN, check_rooms
from intake.routing.abroad import ABROAD
from intake.routing.areas import AreaMap
from intake.routing.auto_transfer import AutoTransferPolicy, AutoTransferRule
from intake.routing.policy import TO_AREA, RoutePolicy, Rule
from intake.routing.reroute import ReroutingRules
from intake.routing.router import RegionalRouter
from intake.settings_table import read_toml

ROOMS, POLICY, BOUNDARIES = "control_rooms.toml", "route_policy.toml", "boundaries"
NORTHERN_IRELAND = "NI"
"""Its code on the map: the British Transport Police do not answer there."""

T = TypeVar("T")


def load_register(
    config_dir: Path, *, feed_urls: Mapping[str, str] | None = None, map_version: str | None = None
) -> RegionalRouter:
    """The router over ``config_dir``; raises BadConfiguration with every problem at once (law 18).

    ``feed_urls`` gives rooms, by id, a feed over the register's own word (a demo, a rehearsal).
    ``map_version`` asks for an older map with its own districts (to replay); raises NotFound.
    """
    problems: list[str] = []
    folder = config_dir / BOUNDARIES
    if map_version is not None:
        folder = folder_of(folder, map_version)
    areas_of = read_areas_of(folder, problems)
    rooms, default_room = check_rooms(config_dir / ROOMS, feed_urls or {}, areas_of, problems)
    area_map = read_map(folder, problems)
    answers = _answers(area_map, areas_of, rooms, problems) if area_map and areas_of and rooms else {}
    policy = _route_policy(config_dir / POLICY, rooms, default_room, problems)
    neighbours = read_neighbours(config_dir / NEIGHBOURS, problems)
    _auto_transfer(config_dir / POLICY, problems)
    _rerouting(config_dir / POLICY, problems)
    if problems or area_map is None or policy is None:
        raise BadConfiguration(problems)
    networks = {
        service: room.id
        for room in rooms.values()
        for service in room.services
        if service not in answers and room.areas
    }
    return RegionalRouter(area_map, rooms, answers, networks, policy, neighbours)


def load_auto_transfer(config_dir: Path) -> AutoTransferPolicy:
    """The ``[[auto_transfer]]`` tables of the route policy; raises BadConfiguration."""
    problems: list[str] = []
    policy = _auto_transfer(config_dir / POLICY, problems)
    if problems:
        raise BadConfiguration(problems)
    return policy


def load_rerouting(config_dir: Path) -> ReroutingRules:
    """The ``[rerouting]`` table of the route policy; raises BadConfiguration."""
    problems: list[str] = []
    rules = _rerouting(config_dir / POLICY, problems)
    if problems:
        raise BadConfiguration(problems)
    return rules


def check_register(config_dir: Path) -> list[str]:
    """Every problem of rooms, map and policy in words; empty when they may be loaded."""
    try:
        load_register(config_dir)
    except BadConfiguration as error:
        return error.problems
    return []


def _answers(
    area_map: AreaMap, areas_of: AreaOf, rooms: Mapping[RoomId, ControlRoom], problems: list[str]
) -> dict[Service, tuple[RoomId | None, ...]]:
    """For each service the room of each area of the map, in the map's order; None abroad.

    A service that another's control room calls out has that one's rooms, but for those of its own.
    """
    room_of = {
        (service, area): room.id
        for room in rooms.values()
        for service in room.services
        for area in room.areas
    }
    answers: dict[Service, tuple[RoomId | None, ...]] = {}
    for service in TERRITORIAL:
        found: list[RoomId | None] = []
        for code in area_map.codes:
            area = None if code in ABROAD else areas_of.get(code, {}).get(service)
            room = None if area is None else room_of.get((service, area))
            found.append(room)
            if code in ABROAD:
                continue
            if area is None:
                problems.append(f"{BOUNDARIES}/{DISTRICTS}: district {code} of the map has no row")
            elif room is None:
                problems.append(f"{ROOMS}: no {service.word} room answers for {area} (district {code})")
        answers[service] = tuple(found)
    for service in Service:
        if service.through is not None:
            own, through = room_of.get((service, GREAT_BRITAIN)), answers[service.through]
            answers[service] = tuple(
                own if own and room and area != NORTHERN_IRELAND else room
                for area, room in zip(area_map.codes, through, strict=True)
            )
    return answers


def _route_policy(
    path: Path, rooms: Mapping[RoomId, ControlRoom], default_room: str, problems: list[str]
) -> RoutePolicy | None:
    rules = _tables(path, "rule", Rule, problems)
    for rule in rules:
        if rule.action != TO_AREA and rooms and rule.action not in rooms:
            problems.append(f'{POLICY}: rule {rule.id}: action {rule.action!r} is neither "area" nor a room')
        if not (rule.because and rule.because_cy):
            problems.append(f"{POLICY}: rule {rule.id}: because and because_cy must both say something")
        if rule.priority == 0 and rule.action != default_room:
            problems.append(
                f"{POLICY}: rule {rule.id}: the catch-all must go to default_room {default_room!r}"
            )
        if rule.min_probability is not None and not 0 <= rule.min_probability <= 1:
            problems.append(
                f"{POLICY}: rule {rule.id}: min_probability {rule.min_probability} is not within 0 to 1"
            )
    priorities = [rule.priority for rule in rules]
    for repeated in sorted({priority for priority in priorities if priorities.count(priority) > 1}):
        names = ", ".join(rule.id for rule in rules if rule.priority == repeated)
        problems.append(
            f"{POLICY}: rules {names} share priority {repeated}: which wins must not be left open"
        )
    if any(priority < 0 for priority in priorities):
        problems.append(f"{POLICY}: priorities start at 0, the catch-all")
    try:
        return RoutePolicy(rules)
    except ValueError as error:
        problems.append(f"{POLICY}: {error}")
        return None


def _auto_transfer(path: Path, problems: list[str]) -> AutoTransferPolicy:
    return AutoTransferPolicy(rules=tuple(_tables(path, "auto_transfer", AutoTransferRule, problems)))


def _rerouting(path: Path, problems: list[str]) -> ReroutingRules:
    try:
        rules = msgspec.convert((read_toml(path, problems) or {}).get("rerouting", {}), ReroutingRules)
    except msgspec.ValidationError as error:
        problems.append(f"{POLICY}: rerouting: {error}")
        return ReroutingRules()
    problems.extend(f"{POLICY}: rerouting: {problem}" for problem in rules.problems())
    return rules


def _tables(path: Path, name: str, kind: type[T], problems: list[str]) -> list[T]:
    content = read_toml(path, problems) or {}
    found, ids = [], set()
    for number, table in enumerate(content.get(name, []), 1):
        label = table.get("id", f"number {number}")
        try:
            found.append(msgspec.convert(table, kind))
        except msgspec.ValidationError as error:
            problems.append(f"{path.name}: {name} {label}: {error}")
        if label in ids:
            problems.append(f"{path.name}: {name} {label} stands there twice")
        ids.add(label)
    return found
