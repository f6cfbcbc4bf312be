"""What the JSON paths of sessions take and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from intake.console.api.bodies import Body


class SignedOut(msgspec.Struct, frozen=True):
    signed_in: bool = False


class Unlock(Body):
    password: Annotated[str, msgspec.Meta(max_length=1_000)]


class AskPasskey(Body):
    """Password and code where the session is no longer fresh."""

    password: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    code: Annotated[str, msgspec.Meta(max_length=20)] = ""


class PasskeyAsked(msgspec.Struct, frozen=True):
    """What goes to ``navigator.credentials``, as JSON."""

    publicKey: Mapping[str, Any]


class PasskeyAnswer(Body):
    """``credential`` is the browser's ``PublicKeyCredential.toJSON()``."""

    credential: dict[str, Any]


class NewPasskey(PasskeyAnswer):
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class SignedIn(msgspec.Struct, frozen=True):
    signed_in: bool = True


class Added(msgspec.Struct, frozen=True):
    added: bool = True


class LockState(msgspec.Struct, frozen=True):
    locked: bool


class ColleagueRow(msgspec.Struct, frozen=True):
    name: str
    display_name: str
    open_limit: int


class ColleaguesAnswer(msgspec.Struct, frozen=True):
    colleagues: tuple[ColleagueRow, ...]
