"""The AML doors: phones post straight to us, or their texts come through an aggregator."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from channels.aml.normalise import KIND, from_https, from_sms, whole_of
from intake.contact import InboundMessage, RawMessage, Receipt, Reply, Trust
from intake.errors import BadConfiguration, Forged, ReplyFailed
from intake.ports import ChannelContext, Door, HttpAnswer, HttpDoor
from intake.settings_table import read_table

Key = Annotated[str, Meta(pattern="^(.{16,})?$", description="empty, or 16 characters and more")]
Token = Annotated[str, Meta(pattern="^(.{32,})?$", description="empty, or 32 characters and more")]


class AmlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``[channels.aml]``. ``previous_hmac_key`` is still accepted while phones change over.

    ``require_hmac`` counts where a key is set; false keeps unsigned forms too, marked as not signed.
    """

    hmac_key: Key = ""
    previous_hmac_key: Key = ""
    require_hmac: bool = True
    sms_token: Token = ""
    body_limit_bytes: Annotated[int, Meta(ge=1_024, le=1_048_576)] = 16_384


class AmlAdapter:
    """Places only: nobody can be answered here.

    ELS asks for 2xx whatever comes, and everything that may be true gets it: no field is required.
    Where a key is set, ``hmac`` proves the phone's maker: the hex HMAC-SHA1 of the raw body before
    ``&hmac=``, the last field. A form without it, or with a wrong one, may be anybody's and is refused
    (law 6 outranks the courtesy). Where none is set all are kept, marked as not signed.
    """

    kind = KIND

    def __init__(self, settings: AmlSettings):
        self._settings = settings
        self._keys = [key.encode() for key in (settings.hmac_key, settings.previous_hmac_key) if key]

    def doors(self) -> Sequence[Door]:
        https = HttpDoor(
            name="aml.https",
            path="/aml/https",
            body_limit_bytes=self._settings.body_limit_bytes,
            authenticate=self._signed,
            normalise=from_https,
            accepted=_accepted,
        )
        sms = HttpDoor(
            name="aml.sms",
            path="/aml/sms",
            body_limit_bytes=self._settings.body_limit_bytes,
            authenticate=self._bearer,
            normalise=from_sms,
            accepted=_accepted,
        )
        return (https, sms) if self._settings.sms_token else (https,)

    def whole_of(self, parts: Sequence[InboundMessage], arrived_at: datetime) -> InboundMessage | None:
        """Ports.PartsJoiner."""
        return whole_of(parts, arrived_at)

    async def reply(self, reply: Reply) -> str:
        raise ReplyFailed("a phone's location service cannot be answered", permanent=True)

    async def sweep(self, since: datetime) -> AsyncIterator[RawMessage]:
        """Phones keep nothing for us."""
        return
        yield

    async def close(self) -> None:
        """Nothing is held open."""

    def _signed(self, raw: RawMessage) -> Trust:
        signed_part, mark, sent = raw.body.rpartition(b"&hmac=")
        if not self._keys:
            return Trust.ANONYMOUS
        if not mark:
            if self._settings.require_hmac:
                raise Forged("no hmac on the form")
            return Trust.ANONYMOUS
        matches = [
            hmac.compare_digest(hmac.new(key, signed_part, "sha1").hexdigest().encode(), sent.strip().lower())
            for key in self._keys
        ]
        if not any(matches):
            raise Forged("the hmac does not match the form")
        return Trust.SIGNED

    def _bearer(self, raw: RawMessage) -> Trust:
        scheme, _, bearer = raw.headers.get("Authorization", "").partition(" ")
        offered = bearer.strip().encode("utf-8", "surrogatepass")
        if scheme.lower() != "bearer" or not hmac.compare_digest(offered, self._settings.sms_token.encode()):
            raise Forged("the bearer token is not the aggregator's")
        return Trust.TOKEN


def _accepted(raw: RawMessage, receipt: Receipt) -> HttpAnswer:
    return HttpAnswer(body=b"received\n")


def make_adapter(table: Mapping[str, Any], context: ChannelContext) -> AmlAdapter:
    return AmlAdapter(read_table(table, AmlSettings, "channels.aml"))


def check(table: Mapping[str, Any]) -> list[str]:
    try:
        settings = read_table(table, AmlSettings, "channels.aml")
    except BadConfiguration as error:
        return error.problems
    if settings.previous_hmac_key and not settings.hmac_key:
        return ["channels.aml.previous_hmac_key: needs channels.aml.hmac_key, which phones change over to"]
    return []
