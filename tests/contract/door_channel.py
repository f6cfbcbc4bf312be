"""A registered channel with its recorded payloads, as the laws need it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from intake.contact import RawMessage
from intake.ports import ChannelAdapter, Door, HttpDoor, Normalised, SmtpDoor
from tests import payload_cases
from tests.contract.door_world import Case
from tests.payload_cases import adapter_for, body_of, raw_of


class Channel:
    """A registered channel: its adapter, as its payloads were recorded for, and the payloads by name."""

    def __init__(self, kind: str):
        self.kind = kind
        self.adapter = adapter_for(kind)
        folder = Path(payload_cases.FOLDER) / kind
        self.cases = {file.stem: json.loads(file.read_text("utf-8")) for file in folder.glob("*.json")}

    def named(self, keep: Callable[[Mapping[str, Any]], bool]) -> dict[str, Case]:
        return {name: case for name, case in sorted(self.cases.items()) if keep(case["expect"])}

    @property
    def genuine(self) -> dict[str, Case]:
        return self.named(lambda expect: not expect.get("forged"))

    @property
    def forged(self) -> dict[str, Case]:
        return self.named(lambda expect: bool(expect.get("forged")))

    @property
    def readable(self) -> dict[str, Case]:
        """What becomes messages of a caller: no forgery, no defect, no mere delivery report."""
        return self.named(lambda expect: any("provider_ref" not in one for one in expect.get("messages", ())))

    @property
    def plain(self) -> Case:
        """A payload that no other one of the channel is the kin of the same id of."""
        return next(case for case in self.readable.values() if "same_id_as" not in case)

    def kin(self, word: str) -> list[tuple[Case, Case]]:
        """``(original, its kin)`` for each payload that says ``same_id_as`` or ``same_text_as``."""
        return [(self.cases[case[word]], case) for case in self.cases.values() if word in case]

    def messages_of(self, case: Case) -> list[Any]:
        """What the case means, as the channel itself reads it; delivery reports left out."""
        door = payload_cases.door_named(self.adapter, case["door"])
        body = body_of(case)
        if isinstance(door, SmtpDoor):  # a mail comes in whole lines, whatever was recorded
            body = re.sub(rb"\r?\n|\r", b"\r\n", body)
            body += b"" if body.endswith(b"\r\n") else b"\r\n"
        found = msgspec.json.decode(msgspec.json.encode(door.normalise(raw_of(self.kind, case, body))))
        return [one for one in found if "provider_ref" not in one]


class _BrokenParsers:
    """An adapter whose doors cannot read anything."""

    def __init__(self, adapter: ChannelAdapter):
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def doors(self) -> Sequence[Door]:
        return [
            msgspec.structs.replace(door, normalise=_break) if isinstance(door, HttpDoor | SmtpDoor) else door
            for door in self._adapter.doors()
        ]


def _break(raw: RawMessage) -> Normalised:
    raise ZeroDivisionError(f"a bug of ours, met by {raw.id}")


def with_broken_parsers(adapter: ChannelAdapter) -> Any:
    return _BrokenParsers(adapter)
