"""What decisions stand on, as text with a fingerprint: kept with them, and made a router of again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from intake.control_room import ControlRoom, RoomId, Service
from intake.routing.policy import Rule


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """The policy and the register as far as they decide, each as one text.

    Telephones, feeds and buddies decide nothing about who is asked and are left out, and so are a
    policy's comments: a fingerprint changes when an answer may.
    """

    policy: str
    register: str

    @property
    def policy_fingerprint(self) -> str:
        return fingerprint(self.policy)

    @property
    def register_fingerprint(self) -> str:
        return fingerprint(self.register)


class RoomAsItStood(msgspec.Struct, frozen=True):
    name: str
    services: tuple[Service, ...]


class RegisterAsItStood(msgspec.Struct, frozen=True, kw_only=True):
    """``answers`` by service and by the code of the area, None abroad; ``networks`` by service."""

    rooms: dict[RoomId, RoomAsItStood]
    answers: dict[Service, dict[str, RoomId | None]]
    networks: dict[Service, RoomId]

    def control_rooms(self) -> dict[RoomId, ControlRoom]:
        """As much of each room as routing asks about."""
        return {
            room_id: ControlRoom(id=room_id, name=room.name, services=room.services, areas=())
            for room_id, room in self.rooms.items()
        }


def write_policy(rules: Sequence[Rule]) -> str:
    """Every rule as it stands in the file, without conditions that were left out, one a line."""
    return "\n".join(msgspec.json.encode(rule_text(rule), order="deterministic").decode() for rule in rules)


def read_policy(text: str) -> list[Rule]:
    """Raises msgspec.MsgspecError for what this version cannot read."""
    return [msgspec.json.decode(line, type=Rule) for line in text.splitlines()]


def rule_text(rule: Rule) -> dict[str, object]:
    """A rule as an operator wrote it: its conditions that were left out are left out, and so is its Welsh."""
    written: dict[str, object] = msgspec.to_builtins(rule)
    return {name: value for name, value in written.items() if value is not None and name != "because_cy"}


def write_register(
    codes: Sequence[str],
    rooms: Mapping[RoomId, ControlRoom],
    answers: Mapping[Service, Sequence[RoomId | None]],
    networks: Mapping[Service, RoomId],
) -> str:
    stood = RegisterAsItStood(
        rooms={room.id: RoomAsItStood(room.name, room.services) for room in rooms.values()},
        answers={service: dict(zip(codes, found, strict=True)) for service, found in answers.items()},
        networks=dict(networks),
    )
    return msgspec.json.encode(stood, order="deterministic").decode()


def read_register(text: str) -> RegisterAsItStood:
    """Raises msgspec.MsgspecError for what this version cannot read."""
    return msgspec.json.decode(text, type=RegisterAsItStood)


@lru_cache(maxsize=16)
def fingerprint(text: str) -> str:
    """SHA-256 in hex; remembered, for the same few texts are asked for with every decision."""
    return hashlib.sha256(text.encode()).hexdigest()
