"""A link's paths: the page, and what it sends. A dead link is refused with a page that says what to do."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
import structlog
from aiohttp import web
from prometheus_client import Counter

from intake import metrics
from intake.contact import ChannelKind, InboundMessage, RawMessage, RawMessageId, Receipt
from intake.defects import read_message
from intake.doors.body import BodyUnread, read_body
from intake.doors.way_in import WayIn
from intake.errors import Forged, IntakeError, StoreUnavailable
from intake.ports import HttpAnswer, HttpDoor
from intake.public.codes import LinkKeys, read_code
from intake.public.document import Document
from intake.public.doors import KIND, PATH, TICKET_HEADER, link_doors
from intake.public.fixes import form_fields
from intake.public.guesses import Guesses
from intake.public.pages import FINISHED_PLACE, Pages
from intake.public.words import load_words
from intake.settings import Settings
from intake.store import contacts, location_links
from intake.store.location_links import Link, LinkEnd, Mark
from intake.store.store import Store

log = structlog.get_logger()

LIFE_LIMIT_BYTES = 512
RETRY_AFTER_S = 2
REFUSALS = Counter(
    "intake_link_refusals_total",
    "Location links refused, by reason",
    ("reason",),
    registry=metrics.REGISTRY,
)


class LinkRefused(IntakeError):
    """A link that lets nothing in: ``reason`` is a key of the page's words."""

    code = "link_refused"

    def __init__(self, status: int, reason: str, link: Link | None = None, wait_s: float = 0.0):
        super().__init__(reason)
        self.status, self.reason, self.link, self.wait_s = status, reason, link, wait_s


class Life(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page tells of itself; no message, only what a handler sees of the link's life."""

    what: Mark
    why: str = ""


TROUBLES = frozenset({"denied", "unavailable", "timeout", "insecure"})


class _Counted(NamedTuple):
    door: HttpDoor
    counts: metrics.DoorCounts


class LinkRoutes:
    """Looks the link up, then goes the one way in; nothing is told as received before the commit."""

    def __init__(
        self,
        store: Store,
        way_in: WayIn,
        keys: LinkKeys,
        pages: Pages,
        guesses: Guesses,
        read_timeout_s: float,
    ):
        self._store = store
        self._way_in = way_in
        self._keys = keys
        self._pages = pages
        self._guesses = guesses
        self._read_timeout_s = read_timeout_s
        self._places, self._words, self._form = (
            _Counted(door, metrics.door(KIND, door.name)) for door in link_doors(keys)
        )

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get(PATH, self._refusing(self._show, self._pages.refused))
        router.add_post(PATH, self._refusing(self._take_form, self._pages.refused))
        for at, act in (("places", self._take_place), ("words", self._take_words), ("life", self._live)):
            router.add_post(f"{PATH}/{at}", self._refusing(act, self._pages.refused_in_json))

    # -- the page ----------------------------------------------------------------------------------------

    async def _show(self, request: web.Request) -> web.StreamResponse:
        """Changes nothing: programs that preview links fetch it as well."""
        link = await self._link(request)
        end = link.end(self._way_in.clock.now())
        if end is LinkEnd.FINISHED:
            self._count("finished")
            return self._pages.finished(request, link)
        if end is not None:
            raise LinkRefused(410, end.value, link)
        return self._pages.asking(request, link)

    # -- what comes in -----------------------------------------------------------------------------------

    async def _take_place(self, request: web.Request) -> web.StreamResponse:
        raw, link = await self._read(request, self._places)
        answer = await self._admit(raw, link, self._places, is_place=True)
        return self._pages.plain(answer)

    async def _take_words(self, request: web.Request) -> web.StreamResponse:
        raw, link = await self._read(request, self._words)
        return self._pages.plain(await self._admit(raw, link, self._words))

    async def _take_form(self, request: web.Request) -> web.StreamResponse:
        """The box of a browser without JavaScript; it is answered with a page."""
        raw, link = await self._read(request, self._form)
        now = self._way_in.clock.now()
        if not form_fields(raw.body).get("words", "").strip() and link.end(now) is None:
            # Nothing was said: told at once, so that nobody waits for help that heard nothing.
            self._form.door.authenticate(raw)
            return self._pages.again(request, link, "empty", 400)
        await self._admit(raw, link, self._form)
        return self._pages.received(request, link, is_finished=link.end(now) is LinkEnd.FINISHED)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        body = await self._body(request, LIFE_LIMIT_BYTES, None)
        link = await self._link(request)
        if not self._keys.is_ticket_of(request.headers.get(TICKET_HEADER, ""), link.id):
            raise LinkRefused(403, "other_page", link)
        now = self._way_in.clock.now()
        if (end := link.end(now)) is not None and end is not LinkEnd.FINISHED:
            raise LinkRefused(410, end.value, link)
        try:
            life = msgspec.json.decode(body, type=Life)
        except (ValueError, RecursionError):
            raise LinkRefused(400, "not_taken", link) from None
        why = life.why if life.why in TROUBLES else ""
        if end is None:
            await self._store.run(lambda conn: location_links.note(conn, now, link, life.what, why))
        return self._pages.plain(HttpAnswer(status=200, body=b"{}", content_type="application/json"))

    async def _admit(
        self, raw: RawMessage, link: Link, at: _Counted, *, is_place: bool = False
    ) -> HttpAnswer:
        """Authenticate, store, normalise, commit; then the link's own figures, then the answer."""
        now = self._way_in.clock.now()
        end = link.end(now)
        if end is LinkEnd.FINISHED and not is_place:
            end = None  # a finished link still takes words: the box is what is left to the caller
        try:
            if end is not None and not await self._is_repeat(raw, link, at.door):
                raise LinkRefused(410, FINISHED_PLACE if end is LinkEnd.FINISHED else end.value, link)
            receipt = await self._way_in.admit(raw, at.door, at.counts)
        except Forged:
            raise LinkRefused(403, "other_page", link) from None
        if is_place and not receipt.duplicate and not receipt.defect:
            await self._note_fix(raw, link, receipt)
        self._store.bell.ring()
        return at.door.accepted(raw, receipt)

    async def _is_repeat(self, raw: RawMessage, link: Link, door: HttpDoor) -> bool:
        """Whether this very message is stored already: its first answer was lost on the way."""
        door.authenticate(raw)
        read, defect = read_message(door.normalise, raw)
        ids = [(one.provider_id, link.channel) for one in read if isinstance(one, InboundMessage)]
        return not defect and await self._store.read(lambda conn: contacts.have_messages(conn, ids))

    async def _note_fix(self, raw: RawMessage, link: Link, receipt: Receipt) -> None:
        """The place is kept already; without these figures the console only knows less of the link."""
        (message,) = self._places.door.normalise(raw)
        assert isinstance(message, InboundMessage)  # noqa: S101 - what this door makes
        radius_m = message.locations[0].radius_m()
        try:
            await self._store.run(
                lambda conn: location_links.note_fix(conn, receipt.received_at, link.id, radius_m)
            )
        except StoreUnavailable:
            log.warning("link_fix_not_noted", link_id=link.id)

    # -- reading and finding -----------------------------------------------------------------------------

    async def _read(self, request: web.Request, at: _Counted) -> tuple[RawMessage, Link]:
        arrived = self._way_in.clock.now()
        body = await self._body(request, at.door.body_limit_bytes, at.counts)
        link = await self._link(request)
        return (
            RawMessage(
                id=RawMessageId(self._way_in.new_id()),
                # Words and defects belong to the conversation the link was sent in.
                channel=ChannelKind(link.channel),
                door=at.door.name,
                received_at=arrived,
                body=body,
                headers=request.headers,
                # Without the code: whoever reads the database is not to have the link.
                target=at.door.path,
                path_args={"link": link.id, "mode": link.mode, "caller": link.caller},
                peer=request.remote or "",
            ),
            link,
        )

    async def _body(self, request: web.Request, limit: int, counts: metrics.DoorCounts | None) -> bytes:
        try:
            return await read_body(request, limit, self._read_timeout_s, counts)
        except BodyUnread as error:
            raise LinkRefused(error.status, "too_long" if error.status == 413 else "not_taken") from None

    async def _link(self, request: web.Request) -> Link:
        """The link of the path's code, dead or alive; raises LinkRefused for a code that is none."""
        code = read_code(request.match_info["code"])
        if code is not None:
            digest = self._keys.digest(code)
            link = await self._store.read(lambda conn: location_links.find(conn, digest))
            if link is not None and self._keys.is_code_of(code, link.code_digest):
                return link
        if wait_s := self._guesses.wrong(request.remote or ""):
            raise LinkRefused(429, "guessing", wait_s=wait_s)
        raise LinkRefused(404, "forged")

    def _count(self, reason: str) -> None:
        REFUSALS.labels(reason=reason).inc()

    def _refusing(
        self,
        act: Callable[[web.Request], Awaitable[web.StreamResponse]],
        page: Callable[[web.Request, int, str, Link | None], web.Response],
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await act(request)
            except LinkRefused as error:
                self._count(error.reason)
                # A flood of guesses is counted one by one, and told of once a minute.
                if not error.wait_s or self._guesses.is_news():
                    # The link's own id tells nothing of its caller; code and address stay out of the log.
                    link_id = error.link.id if error.link else ""
                    log.warning("link_refused", reason=error.reason, link_id=link_id)
                answer = page(request, error.status, error.reason, error.link)
                if error.wait_s:
                    answer.headers["Retry-After"] = str(int(error.wait_s))
                return answer
            except StoreUnavailable:
                answer = page(request, 503, "not_taken", None)
            except Exception as error:
                # A bug of ours before the commit: nothing is promised, and the page tries again.
                log.exception("link_failed", error=type(error).__name__)
                answer = page(request, 503, "not_taken", None)
            answer.headers["Retry-After"] = str(RETRY_AFTER_S)
            return answer

        return handle


def open_links(router: web.UrlDispatcher, settings: Settings, store: Store, way_in: WayIn) -> None:
    """Mount the paths of location links, where a secret is set. Raises BadConfiguration."""
    keys = LinkKeys(settings.links.secret)
    pages = Pages(Document(load_words(settings.config_dir)), keys, way_in.new_id)
    guesses = Guesses(time.monotonic)
    LinkRoutes(store, way_in, keys, pages, guesses, settings.doors.read_timeout_s).add_to(router)
