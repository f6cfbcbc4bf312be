"""Every edge of the intake as a Protocol, on one page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from intake.contact import (
    CallerUri,
    ChannelKind,
    DeliveryReport,
    InboundMessage,
    MediaReference,
    RawMessage,
    Receipt,
    Reply,
    Trust,
)
from intake.control_room import ControlRoom, RoomId, Service
from intake.incident import Confirmation, Transfer
from intake.location import CallerLocation, Clue, Reading
from intake.routing.abroad import Neighbour
from intake.routing.decision import RoutingDecision

if TYPE_CHECKING:  # a restart must not load the map before its doors are open
    from intake.routing.grounds import Grounds
    from intake.routing.policy import Rule

Normalised = Sequence[InboundMessage | DeliveryReport]


class Clock(Protocol):
    """Aware UTC that never jumps: anchored once, then moved by the monotonic clock (law 15)."""

    def now(self) -> datetime: ...


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


class HttpDoor(msgspec.Struct, frozen=True, kw_only=True):
    """One POST path. ``authenticate`` raises Forged; ``normalise`` is pure and raises MalformedMessage.

    ``path`` may name parts, ``/app/v1/contacts/{contact}/messages``; they arrive in ``raw.path_args``.
    ``accepted`` gets the raw message and the receipt, and makes the channel's own success answer.
    """

    name: str
    path: str
    body_limit_bytes: int
    authenticate: Callable[[RawMessage], Trust]
    normalise: Callable[[RawMessage], Normalised]
    accepted: Callable[[RawMessage, Receipt], HttpAnswer]
    stored_headers: tuple[str, ...] = ("Content-Type",)


class SmtpDoor(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox. Its raw bytes are committed and answered first; a worker normalises them."""

    name: str
    mailbox: str
    body_limit_bytes: int
    authenticate: Callable[[RawMessage], Trust]
    normalise: Callable[[RawMessage], Normalised]
    stored_headers: tuple[str, ...] = ()


class ReplyDoor(msgspec.Struct, frozen=True, kw_only=True):
    """A GET path where a caller reads the replies: by polling, or as server-sent events.

    ``caller`` raises Forged, or names whose replies the bearer of these headers may read.
    """

    name: str
    path: str
    events_path: str
    caller: Callable[[Mapping[str, str], Mapping[str, str]], CallerUri]


class CallerReply(msgspec.Struct, frozen=True, kw_only=True):
    """One reply as its caller may see it; ``automatic`` says that no person wrote it."""

    id: str
    text: str
    at: datetime
    automatic: bool


class CallerNews(msgspec.Struct, frozen=True, kw_only=True):
    """``status``: received | with_person | sent_to_service | accepted_by_service | closed | unknown."""

    status: str
    replies: tuple[CallerReply, ...]


class PageDoor(msgspec.Struct, frozen=True, kw_only=True):
    """A static public document, such as the OpenAPI description of a channel's own interface."""

    name: str
    path: str
    answer: HttpAnswer


Door = HttpDoor | SmtpDoor | ReplyDoor | PageDoor


class ChannelAdapter(Protocol):
    """One channel's manners: functions and answers, never the order, never a socket."""

    @property
    def kind(self) -> ChannelKind: ...
    def doors(self) -> Sequence[Door]: ...
    async def reply(self, reply: Reply) -> str:
        """Hand a reply to the provider; returns the provider's reference; raises ReplyFailed."""
        ...

    def sweep(self, since: datetime) -> AsyncIterator[RawMessage]:
        """What the provider still holds and we may have missed, in the form its door receives."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class PartsJoiner(Protocol):
    """An adapter whose provider may pass one text on in parts."""

    def whole_of(self, parts: Sequence[InboundMessage], arrived_at: datetime) -> InboundMessage | None:
        """The message that parts of one caller make; None where they do not clearly belong together."""
        ...


@runtime_checkable
class MediaSource(Protocol):
    """An adapter that can fetch what a message of its channel names, and nothing else."""

    async def fetch(self, media: MediaReference, raw_body: bytes, limit_bytes: int) -> bytes:
        """The bytes as the sender made them, ``limit_bytes`` at most; raises MediaFailed.

        ``raw_body`` is the message as it came. Whoever asks bounds it in seconds. A credential goes to no
        address but the configured one, whatever the message or an answer says.
        """
        ...


class ContactSink(Protocol):
    """Where the doors put what they let in."""

    async def accept(
        self,
        raw: RawMessage,
        normalised: Normalised | None,
        *,
        trust: Trust,
        defect: str | None,
        stored_headers: tuple[str, ...],
    ) -> Receipt:
        """Store raw, messages, contact and log event; returns only after COMMIT (law 1).

        ``normalised`` None leaves the parsing to a worker. ``defect`` says why a parser failed.
        Raises StoreUnavailable.
        """
        ...


class Router(Protocol):
    """Pure and total: the same question has the same answer, and every question has one."""

    @property
    def map_version(self) -> str: ...
    @property
    def grounds(self) -> Grounds: ...
    def rule(self, rule_id: str) -> Rule | None: ...
    def route(self, service: Service, location: CallerLocation | None) -> RoutingDecision: ...
    def setting(self, location: CallerLocation | None) -> tuple[str, str]:
        """``inland | shore | sea | abroad | unknown``, and the country where it is known."""
        ...

    @property
    def rooms(self) -> Mapping[RoomId, ControlRoom]: ...
    def room(self, room_id: str) -> ControlRoom: ...
    def neighbour(self, code: str) -> Neighbour | None: ...


class Locator(Protocol):
    """Every clue to a place in a text; pure, and no text makes it raise."""

    def read(self, text: str) -> Reading: ...


class PlaceQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a geocoder is asked: the clue's words, and what is known around them.

    ``postcodes`` are places of postcodes in the same text; ``near`` is the best place so far.
    """

    clue: Clue
    postcodes: tuple[CallerLocation, ...] = ()
    near: CallerLocation | None = None


class Geocoder(Protocol):
    """Asks a service outside where words are; never on the way of a contact."""

    @property
    def name(self) -> str: ...
    @property
    def may_ask(self) -> int:
        """How many questions it would take now; 0 while it rests, is busy or has spent its rate."""
        ...

    async def find(self, question: PlaceQuestion) -> tuple[CallerLocation, ...]:
        """The places the words may mean, none where the service knows none. Raises LookupFailed."""
        ...

    async def close(self) -> None: ...


class Feed(Protocol):
    """The wire to a control room."""

    async def send(self, transfer: Transfer, room: ControlRoom) -> Confirmation:
        """Offer one transfer; the message id is the idempotency key. Raises FeedFailed."""
        ...

    async def close(self) -> None: ...


MakeAdapter = Callable[[Mapping[str, Any], "ChannelContext"], ChannelAdapter]


class ChannelContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the composition root lends an adapter: ids, time, and the address the public reaches us by."""

    public_url: str
    new_id: Callable[[], str]
    now: Callable[[], datetime]
