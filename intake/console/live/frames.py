"""What desks say, and what is said to one desk. JSON text, each frame an object with its type in ``t``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from intake.console.live.filters import ViewFilter

FRAME_LIMIT_BYTES = 16 * 1024
WINDOW_LIMIT = 100
WATCH_LIMIT = 50
KEEP_LIMIT = 20

# Leases are kept for all desks in one transaction: no desk may say what the database cannot take.
Id = Annotated[str, Meta(pattern=r"^[0-9A-Za-z-]{1,36}$")]
Fence = Annotated[int, Meta(ge=0, le=2**53)]


class Said(msgspec.Struct, frozen=True, tag_field="t", forbid_unknown_fields=True):
    """Any frame of a desk."""


class SayView(Said, frozen=True, tag="view"):
    filter: ViewFilter = ViewFilter()
    first: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    size: Annotated[int, Meta(ge=0, le=WINDOW_LIMIT)] = 60


class SayKeep(Said, frozen=True, tag="keep"):
    claims: Annotated[dict[Id, Fence], Meta(max_length=KEEP_LIMIT)]


class SayWatch(Said, frozen=True, tag="watch"):
    contacts: Annotated[list[Id], Meta(max_length=WATCH_LIMIT)]


class SayState(Said, frozen=True, tag="state"):
    state: Literal["available", "away"]


class SayDesks(Said, frozen=True, tag="desks"):
    on: bool


class SayBeat(Said, frozen=True, tag="beat"):
    """A desk's own sign of life; any other frame is one too."""


AnyFrame = SayView | SayKeep | SayWatch | SayState | SayDesks | SayBeat
read_frame = msgspec.json.Decoder(AnyFrame).decode


def frame(kind: str, **content: Any) -> bytes:
    """One frame to a desk."""
    return msgspec.json.encode({"t": kind, **content})
