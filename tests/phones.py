"""Phones that say where they are, through the AML doors' own reading, for tests of who is whose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from multidict import CIMultiDict

from intake.contact import ChannelKind, InboundMessage, RawMessage, RawMessageId, Receipt, Trust
from intake.simulate.aml_phone import AmlPhone, PhoneFix, signed
from tests.behind_doors import Behind, new_id
from tests.payload_cases import adapter_for, door_named

ADAPTER = adapter_for("aml")
IMEI, IMEI_2 = "004999010640000", "004999010640018"


def handset(number: str = "", imei: str = "", **more: Any) -> AmlPhone:
    """A phone of Ofcom's numbers for drama (three digits) and a test IMEI; either may be unknown."""
    return AmlPhone(number=f"+447700900{number}" if len(number) == 3 else number, imei=imei, **more)


async def says_where(
    behind: Behind,
    phone: AmlPhone,
    latitude: float | None = 53.7965,
    *,
    trust: Trust = Trust.SIGNED,
    **fields: str,
) -> Receipt:
    """The phone posts its form now; without a latitude it has no place yet."""
    now = behind.clock.now()
    fix = None
    if latitude is not None:
        fix = PhoneFix(latitude=latitude, longitude=-1.5478, radius_m=9, at=now)
    body = signed(phone.form(now - timedelta(seconds=18), fix, **fields), "")
    return await comes_in(behind, "aml.https", body, trust)


async def texts_where(behind: Behind, phone: AmlPhone, text: str, **form: str) -> Receipt:
    """A gateway passes on what the phone texted."""
    body = urlencode({"from": phone.number, "text": text, **form}).encode()
    return await comes_in(behind, "aml.sms", body, Trust.TOKEN)


async def comes_in(behind: Behind, door: str, body: bytes, trust: Trust) -> Receipt:
    raw = RawMessage(
        id=RawMessageId(new_id()),
        channel=ChannelKind("aml"),
        door=door,
        received_at=behind.clock.now(),
        body=body,
        headers=CIMultiDict[str](),
    )
    (message,) = door_named(ADAPTER, door).normalise(raw)
    assert isinstance(message, InboundMessage)
    return await behind.store.accept(raw, [message], trust=trust, defect=None)
