"""What the JSON paths of sessions take and answer."""

from __future__ import annotations

from typing import Annotated

import msgspec

from intake.console.api.bodies import Body


class SignOut(Body):
    """``anyway`` signs out although conversations are open."""

    anyway: bool = False


class SignedOut(msgspec.Struct, frozen=True):
    signed_in: bool = False


class Unlock(Body):
    password: Annotated[str, msgspec.Meta(max_length=1_000)]


class LockState(msgspec.Struct, frozen=True):
    locked: bool


class ColleagueRow(msgspec.Struct, frozen=True):
    name: str
    display_name: str
    open_limit: int


class ColleaguesAnswer(msgspec.Struct, frozen=True):
    colleagues: tuple[ColleagueRow, ...]
