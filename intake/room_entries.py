"""The control rooms of the register: read, and checked one by one and against one another."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from intake.boundaries.districts import TERRITORIAL, AreaOf
from intake.control_room import ControlRoom, RoomId, Service
from intake.settings_table import read_toml

WHOLE_COUNTRY = "uk"
GREAT_BRITAIN = "great-britain"
"""England, Wales and Scotland: where the British Transport Police answer."""


class RoomEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[room]]`` of ``config/control_rooms.toml``, in the words an operator writes."""

    id: str
    name: str
    services: tuple[str, ...]
    areas: tuple[str, ...]
    buddy: str = ""
    feed_url: str = ""
    telephone: str = ""


def check_rooms(
    path: Path, feed_urls: Mapping[str, str], areas_of: AreaOf, problems: list[str]
) -> tuple[dict[RoomId, ControlRoom], str]:
    """(rooms by id, id of the default room); whatever is wrong is added to ``problems``."""
    content = read_toml(path, problems)
    if content is None:
        return {}, ""
    wrong: list[str] = []
    rooms = _rooms(content, feed_urls, wrong)
    default_room = str(content.get("default_room", ""))
    if default_room not in rooms:
        wrong.append(f"default_room {default_room!r} is not the id of a room")
    known: dict[Service, set[str]] = {service: {WHOLE_COUNTRY} for service in Service}
    for service in TERRITORIAL:
        known[service] = {row[service] for row in areas_of.values()}
    known[Service.RAIL_POLICE] = {GREAT_BRITAIN}
    for room in rooms.values():
        wrong.extend(_room_problems(room, rooms, known, is_default=room.id == default_room))
    wrong.extend(_claimed_twice(rooms))
    wrong.extend(_unanswered_networks(rooms))
    wrong.extend(f"feed_urls names {room!r}, which is not a room" for room in feed_urls if room not in rooms)
    problems.extend(f"{path.name}: {problem}" for problem in wrong)
    return rooms, default_room


def _rooms(
    content: dict[str, Any], feed_urls: Mapping[str, str], wrong: list[str]
) -> dict[RoomId, ControlRoom]:
    rooms: dict[RoomId, ControlRoom] = {}
    for number, table in enumerate(content.get("room", []), 1):
        label = table.get("id", f"number {number}")
        try:
            entry = msgspec.convert(table, RoomEntry)
            services = tuple(Service.from_word(word) for word in entry.services)
        except ValueError as error:
            wrong.append(f"room {label}: {error}")
            continue
        if entry.id in rooms:
            wrong.append(f"room {label} stands there twice")
        rooms[RoomId(entry.id)] = ControlRoom(
            id=RoomId(entry.id),
            name=entry.name,
            services=services,
            areas=entry.areas,
            buddy=RoomId(entry.buddy) if entry.buddy else None,
            feed_url=feed_urls.get(entry.id, entry.feed_url),
            telephone=entry.telephone,
        )
    return rooms


def _room_problems(
    room: ControlRoom,
    rooms: Mapping[RoomId, ControlRoom],
    known: Mapping[Service, set[str]],
    *,
    is_default: bool,
) -> list[str]:
    found = []
    if not room.services:
        found.append(f"room {room.id} answers for no service")
    if not room.areas and not is_default:
        found.append(f"room {room.id} has no area")
    found.extend(
        f"room {room.id}: unknown {service.word} area {area!r}"
        for service in room.services
        for area in room.areas
        if area not in known[service]
    )
    if room.buddy == room.id:
        found.append(f"room {room.id} is its own buddy")
    elif room.buddy is not None and room.buddy not in rooms:
        found.append(f"room {room.id}: its buddy {room.buddy!r} does not exist")
    elif room.buddy is not None and not set(room.services) <= set(rooms[room.buddy].services):
        found.append(f"room {room.id}: its buddy {room.buddy!r} does not answer for the same services")
    if room.feed_url and not _is_safe_url(room.feed_url):
        found.append(
            f"room {room.id}: feed_url {room.feed_url!r} must be https://…, or http:// on this machine"
        )
    return found


def _claimed_twice(rooms: Mapping[RoomId, ControlRoom]) -> list[str]:
    claims: dict[tuple[Service, str], RoomId] = {}
    found = []
    for room in rooms.values():
        for claim in ((service, area) for service in room.services for area in room.areas):
            if claim in claims:
                found.append(
                    f"rooms {claims[claim]} and {room.id} both answer for {claim[0].word} in {claim[1]}"
                )
            claims[claim] = room.id
    return found


def _unanswered_networks(rooms: Mapping[RoomId, ControlRoom]) -> list[str]:
    answered = {service for room in rooms.values() if room.areas for service in room.services}
    return [
        f"no room answers for the {service.word}"
        for service in Service
        if service not in answered and service.through not in answered
    ]


def _is_safe_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    if not parts.hostname or not port_is_fine or parts.username or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(parts.hostname))


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
