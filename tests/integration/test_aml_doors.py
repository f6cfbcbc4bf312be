"""AML at the open doors: 2xx for whatever may be true, 403 for what was forged, and never a 500."""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest

from channels import make_adapter
from intake.clock import SteadyClock
from intake.ports import ChannelContext
from intake.simulate.aml_phone import AmlPhone, PhoneFix, pack, port_header, signed
from tests.behind_doors import new_id
from tests.contract.door_world import World, open_doors

KEY, OLD_KEY, TOKEN = "only-for-tests-a-key-of-phones", "only-for-tests-a-key-before", "t" * 32
PHONE = AmlPhone(number="+447700900123", imei="004999010640000")
CLOCK = SteadyClock()
BODIES = 120


@pytest.fixture(params=["with a key", "without a key"])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path
) -> AsyncIterator[tuple[World, bool]]:
    has_key = request.param == "with a key"
    keys = {"hmac_key": KEY, "previous_hmac_key": OLD_KEY} if has_key else {}
    context = ChannelContext(public_url="", new_id=new_id, now=CLOCK.now)
    adapter = make_adapter("aml", {"sms_token": TOKEN, **keys}, context)
    shutil.copy(migrated_file, tmp_path / "intake.db")
    async with open_doors(adapter, f"sqlite:///{tmp_path}/intake.db") as opened:
        yield opened, has_key


async def post(world: World, path: str, body: bytes) -> int:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Bearer {TOKEN}"}
    async with world.http.post(world.base + path, data=body, headers=headers) as answer:
        await answer.read()
        return answer.status


def a_fix() -> PhoneFix:
    return PhoneFix(latitude=51.4857, longitude=-3.1928, radius_m=9, at=CLOCK.now())


async def test_who_holds_a_key_is_let_in_and_nobody_else_where_there_is_one(
    world: tuple[World, bool],
) -> None:
    opened, has_key = world
    fields = PHONE.form(CLOCK.now(), a_fix())
    forged = [signed(fields, ""), signed(fields, "somebody-elses-key"), signed(fields, KEY)[:-1] + b"x"]
    before = opened.counted("aml.https", "forged")
    assert [await post(opened, "/aml/https", signed(fields, key)) for key in (KEY, OLD_KEY)] == [200, 200]
    answers = {await post(opened, "/aml/https", body) for body in forged}
    assert answers == ({403} if has_key else {200})
    assert opened.counted("aml.https", "forged") - before == (len(forged) if has_key else 0)
    (trusts,) = [{row.trust for row in opened.rows("SELECT trust FROM raw_messages")}]
    assert trusts == ({"signed"} if has_key else {"anonymous"})


async def test_nothing_that_is_posted_makes_an_error_of_ours(world: tuple[World, bool]) -> None:
    opened, has_key = world
    chance = random.Random(7)
    octets = port_header() + pack(PHONE.text_1(a_fix(), CLOCK.now()))
    for number in range(BODIES):
        value = mangled(chance, octets if number % 3 else PHONE.text_1(a_fix(), CLOCK.now()).encode())
        name = chance.choice(["text", "data", "location_latitude", "time", "device_imei", "part", "udh"])
        written: Any = chance.choice([value, value.hex().encode(), quote_from_bytes(value).encode()])
        body = b"from=07700900123&" + name.encode() + b"=" + written
        assert await post(opened, "/aml/sms", body) == 200, body
        assert await post(opened, "/aml/https", body) == (403 if has_key else 200), body
    kept = BODIES * (1 if has_key else 2)
    assert opened.count("raw_messages") == kept
    assert not opened.rows("SELECT 1 FROM raw_messages WHERE defect LIKE 'our parser failed%'")


def mangled(chance: random.Random, octets: bytes) -> bytes:
    """Some octets changed, taken out or doubled."""
    found = bytearray(octets)
    for _ in range(chance.randint(0, 6)):
        at = chance.randrange(len(found) or 1)
        found[at : at + chance.randint(0, 20)] = chance.choice(
            [b"", chance.randbytes(3), found[at : at + 9] * 2]
        )
    return bytes(found)
