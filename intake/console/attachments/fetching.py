"""Brings one attachment to a desk: fetched by its channel, told apart by its bytes, a picture drawn anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from intake.console.attachments.kinds import Kind, Sort, kind_of, safe_name
from intake.console.attachments.pictures import Pictures
from intake.contact import ChannelKind
from intake.errors import MediaFailed, MediaTrouble
from intake.ports import ChannelAdapter, MediaSource
from intake.store.attachments import Attached

AT_ONCE = 6
"""Files held in memory at one time, each of ``limit_bytes`` at most; who comes later waits."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a desk is told beside the bytes: plain words and numbers of ours, safe in a header.

    ``moves``: it was a moving picture, of which this is the first frame. ``latitude`` and ``longitude`` are
    where the picture's own file says it was taken: a claim like any other.
    """

    sort: Sort
    name: str
    width: int = 0
    height: int = 0
    moves: bool = False
    latitude: float | None = None
    longitude: float | None = None


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    body: bytes
    content_type: str
    facts: Facts


class Attachments:
    """The channels of this process that can fetch; for one event loop."""

    def __init__(
        self,
        adapters: Iterable[ChannelAdapter],
        *,
        limit_bytes: int,
        timeout_s: float,
        pictures: Pictures | None = None,
    ):
        self._sources: dict[ChannelKind, MediaSource] = {
            one.kind: one for one in adapters if isinstance(one, MediaSource)
        }
        self._limit_bytes, self._timeout_s = limit_bytes, timeout_s
        self._pictures = pictures or Pictures()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def bring(self, attached: Attached) -> Attachment:
        """As a desk may have it; raises MediaFailed. The seconds hold for waiting and fetching together."""
        source = self._sources.get(attached.channel)
        if source is None:
            reason = f"this console has no way to fetch what comes by {attached.channel}"
            raise MediaFailed(MediaTrouble.NO_ACCESS, reason)
        try:
            async with asyncio.timeout(self._timeout_s) as patience, self._slots:
                body = await source.fetch(attached.media, attached.raw_body, self._limit_bytes)
                patience.reschedule(None)
                return await self._shown(attached, body)
        except TimeoutError:
            reason = f"the provider gave no answer in {self._timeout_s:.0f} s"
            raise MediaFailed(MediaTrouble.UNREACHABLE, reason) from None

    async def _shown(self, attached: Attached, body: bytes) -> Attachment:
        if not body:
            raise MediaFailed(MediaTrouble.NOT_UNDERSTOOD, "it is empty")
        kind = kind_of(body)
        if kind.sort is not Sort.PICTURE:
            facts = Facts(sort=kind.sort, name=_name(attached, kind))
            return Attachment(body=body, content_type=kind.content_type, facts=facts)
        drawn = await self._pictures.draw_anew(body)
        facts = Facts(
            sort=Sort.PICTURE,
            name=_name(attached, Kind(Sort.PICTURE, "image/jpeg", "jpg")),
            width=drawn.width,
            height=drawn.height,
            moves=drawn.moves,
            latitude=drawn.latitude,
            longitude=drawn.longitude,
        )
        return Attachment(body=drawn.body, content_type="image/jpeg", facts=facts)


def _name(attached: Attached, kind: Kind) -> str:
    return safe_name(attached.media.name, kind, attached.number)
