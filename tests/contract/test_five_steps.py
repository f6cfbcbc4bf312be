"""channels/README.md promises a channel in five steps, without a line of test code: here one is made so."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import channels
from intake.app import open_channels
from intake.clock import SteadyClock
from intake.settings import Settings
from tests import payload_cases
from tests.conftest import ROOT
from tests.contract.door_channel import Channel
from tests.contract.door_laws import LAWS, Law
from tests.contract.door_world import Databases, open_doors

README = (ROOT / "channels" / "README.md").read_text("utf-8")
STEPS = re.split(
    r"^\d\. ", README.partition("## Add a channel in five steps")[2].partition("\n## ")[0], flags=re.M
)[1:]

NORMALISE = '''
"""Toy messages. Pure."""

import json

from intake.contact import CallerUri, ChannelKind, InboundMessage, clean_text
from intake.errors import MalformedMessage

KIND = ChannelKind("toy")


def read_message(raw):
    try:
        said = json.loads(raw.body)
        id, sender = said["id"], said["from"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MalformedMessage(f"not a toy message: {error}") from None
    return [
        InboundMessage(
            channel=KIND,
            provider_id=str(id),
            caller=CallerUri(f"toy:{sender}"),
            text=clean_text(said["text"]),
        )
    ]
'''

ADAPTER = '''
"""A toy provider's manners."""

import hmac

import msgspec

from channels.toy.normalise import KIND, read_message
from intake.contact import Trust
from intake.errors import BadConfiguration, Forged, ReplyFailed
from intake.ports import HttpAnswer, HttpDoor
from intake.settings_table import read_table


class ToySettings(msgspec.Struct, frozen=True, kw_only=True):
    key: str


class ToyAdapter:
    kind = KIND

    def __init__(self, settings):
        self._key = settings.key

    def doors(self):
        return [
            HttpDoor(
                name="toy.messages",
                path="/toy",
                body_limit_bytes=10_000,
                authenticate=self.authenticate,
                normalise=read_message,
                accepted=lambda raw, receipt: HttpAnswer(body=b"thank you"),
            )
        ]

    def authenticate(self, raw):
        if not hmac.compare_digest(raw.headers.get("X-Toy-Key", "").encode(), self._key.encode()):
            raise Forged("the key is not ours")
        return Trust.TOKEN

    async def reply(self, reply):
        raise ReplyFailed("toys do not listen", permanent=True)

    async def sweep(self, since):
        return
        yield

    async def close(self):
        pass


def make_adapter(table, context):
    return ToyAdapter(read_table(table, ToySettings, "channels.toy"))


def check(table):
    try:
        read_table(table, ToySettings, "channels.toy")
    except BadConfiguration as error:
        return error.problems
    return []
'''

HEADERS = {"Content-Type": "application/json", "X-Toy-Key": "only-for-tests"}


def payload(body: str, expect: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "provenance": "Written for the test of the five steps; there is no such provider.",
        "door": "toy.messages",
        "path": "/toy",
        "headers": HEADERS,
        "body": body,
        "expect": expect,
        **more,
    }


def message(id: str, text: str) -> tuple[str, dict[str, Any]]:
    expected = {"provider_id": id, "caller": "toy:ann", "text": text}
    body = json.dumps({"id": id, "from": "ann", "text": text})
    return body, {"trust": "token", "messages": [expected], "answer": {"status": 200}}


PAYLOADS = {
    "text": payload(*message("1", "help")),
    "text_sent_again": payload(*message("2", "help"), same_text_as="text"),
    "text_same_id_other_words": payload(*message("1", "fire"), same_id_as="text"),
    "forged": payload("{}", {"forged": True}, headers={"X-Toy-Key": "guessed"}),
    "malformed": payload("help", {"trust": "token", "defect": "not a toy message", "caller": None}),
}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """The five steps, one after the other."""
    # 1. A folder
    folder = tmp_path / "channels" / "toy"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A toy channel."""\n')
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(folder.parent)])
    # 2. normalise.py, 3. adapter.py
    (folder / "normalise.py").write_text(NORMALISE)
    (folder / "adapter.py").write_text(ADAPTER)
    # 4. A line in the registry, and a table (here beside the others, in the test's own settings)
    monkeypatch.setitem(channels.CHANNELS, "toy", "channels.toy.adapter")
    # 5. Payloads
    payloads = tmp_path / "payloads" / "toy"
    payloads.mkdir(parents=True)
    (payloads / "settings.toml").write_text('key = "only-for-tests"\n')
    for name, case in PAYLOADS.items():
        (payloads / f"{name}.json").write_text(json.dumps(case))
    monkeypatch.setattr(payload_cases, "FOLDER", payloads.parent)
    importlib.invalidate_caches()
    yield Channel("toy")
    for name in [name for name in sys.modules if name.startswith("channels.toy")]:
        del sys.modules[name]


def test_there_are_five_steps_and_they_name_what_there_is() -> None:
    assert len(STEPS) == 5
    folder, normalise, adapter, registry, payloads = STEPS
    assert "`channels/NAME/`" in folder and all(
        f"`{name}`" in folder for name in ("__init__.py", "normalise.py", "adapter.py")
    )
    assert "Pure" in normalise and "`MalformedMessage`" in normalise
    assert all(
        f"`{name}`" in adapter
        for name in ("make_adapter(table, context)", "check(table)", "authenticate", "sweep")
    )
    assert "channels/__init__.py" in registry and "config/intake.toml" in registry
    for word in (
        "settings.toml",
        "five",
        "provenance",
        "same_id_as",
        "same_text_as",
        "tests/payload_cases.py",
    ):
        assert word in payloads, word


@pytest.mark.parametrize("kind", channels.CHANNELS)
def test_every_channel_here_was_made_so(kind: str) -> None:
    folder = ROOT / "channels" / kind
    assert all((folder / name).is_file() for name in ("__init__.py", "normalise.py", "adapter.py"))
    assert channels.CHANNELS[kind] == f"channels.{kind}.adapter"
    tables = tomllib.loads((ROOT / "config" / "intake.toml").read_text("utf-8"))["channels"]
    assert kind in tables, f"no [channels.{kind}] in config/intake.toml"
    assert (payload_cases.FOLDER / kind / "settings.toml").is_file()
    assert f"[{kind}]({kind}/)" in README
    settings = tomllib.loads((payload_cases.FOLDER / kind / "settings.toml").read_text("utf-8"))
    assert channels.check(kind, settings) == []
    problems = channels.check(kind, {"no_such_setting": 1, "nor_this": 2})
    assert sum("no_such_setting" in one or "nor_this" in one for one in problems) == 2  # all at once


def test_the_registry_holds_every_folder() -> None:
    folders = {path.parent.name for path in (ROOT / "channels").glob("*/adapter.py")}
    assert folders == set(channels.CHANNELS) and list(channels.CHANNELS) == sorted(channels.CHANNELS)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
async def test_a_channel_made_in_five_steps_is_held_to_the_law(
    law: Law, toy: Channel, tmp_path: Path
) -> None:
    databases = Databases(tmp_path)
    await law(toy, lambda adapter, **more: open_doors(adapter, databases.empty(), **more))


def test_a_channel_made_in_five_steps_opens_with_the_others(toy: Channel) -> None:
    settings = Settings(channels={"toy": {"enabled": True, "key": "only-for-tests"}})
    (adapter,) = open_channels(settings, SteadyClock())
    assert adapter.kind == "toy"
    assert channels.check("toy", {}) == ["channels.toy.key: missing; it has no default"]


async def test_a_careless_channel_breaks_the_law(
    toy: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: without a key check and with a clock in its reading, it is found out."""
    adapter = importlib.import_module("channels.toy.adapter")
    normalise = importlib.import_module("channels.toy.normalise")
    databases, laws = Databases(tmp_path), {law.__name__: law for law in LAWS}

    def opener(adapter: Any, **more: Any) -> Any:
        return open_doors(adapter, databases.empty(), **more)

    monkeypatch.setattr(adapter.ToyAdapter, "authenticate", lambda self, raw: adapter.Trust.TOKEN)
    with pytest.raises(AssertionError):
        await laws["the_forged_is_refused_and_counted"](Channel("toy"), opener)

    def read_with_a_clock(raw: Any) -> Any:
        import time  # noqa: PLC0415

        (found,) = normalise.read_message(raw)
        return [adapter.msgspec.structs.replace(found, text=f"{found.text} at {time.time()}")]

    monkeypatch.setattr(adapter, "read_message", read_with_a_clock)
    with pytest.raises(AssertionError):
        await laws["normalise_is_pure"](Channel("toy"), opener)
