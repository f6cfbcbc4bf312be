"""Which page a browser gets, in which language, and the headers every answer of a link has."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from intake.ports import HttpAnswer
from intake.public.codes import LinkKeys
from intake.public.document import Document, Shown, compressed
from intake.store.location_links import Link

HEADINGS = {"finished": "finished_heading", "not_taken": "trouble_heading", "too_long": "trouble_heading"}
FINISHED_PLACE = "finished_place"
"""A place for a link that has done its work; its page is that of a finished link."""


class RefusedInJson(msgspec.Struct, frozen=True):
    """``code`` is stable; ``message`` is for a person, in the page's language."""

    code: str
    message: str


class Pages:
    """Makes answers; knows nothing of the store."""

    def __init__(self, document: Document, keys: LinkKeys, new_id: Callable[[], str]):
        self._document = document
        self._keys = keys
        self._new_id = new_id

    def asking(self, request: web.Request, link: Link) -> web.Response:
        return self._page(request, 200, self._of(request, link, ask=link.mode))

    def finished(self, request: web.Request, link: Link) -> web.Response:
        """A one-off that was used: no place is asked for again, the box is still there."""
        return self._page(
            request, 410, self._of(request, link, heading="finished_heading", lines=("finished",))
        )

    def received(self, request: web.Request, link: Link, *, is_finished: bool) -> web.Response:
        """The words of a plain form are in the store."""
        heading = "finished_heading" if is_finished else "heading"
        ask = "" if is_finished else link.mode
        shown = self._of(request, link, ask=ask, heading=heading, notice="received")
        return self._page(request, 200, shown)

    def again(self, request: web.Request, link: Link, notice: str, status: int) -> web.Response:
        shown = self._of(request, link, ask=link.mode, notice=notice, notice_kind="bad")
        return self._page(request, status, shown)

    def refused(self, request: web.Request, status: int, reason: str, link: Link | None) -> web.Response:
        """A page with what to do next, and without a box: nothing would come of it."""
        if reason == FINISHED_PLACE:
            reason = "finished"
        heading = HEADINGS.get(reason, "no_link")
        language = self._language(request, link)
        answer = self._page(request, status, Shown(language=language, heading=heading, lines=(reason,)))
        if status in (400, 408, 413):
            answer.force_close()  # what is left of the body is not read
        return answer

    def refused_in_json(
        self, request: web.Request, status: int, reason: str, link: Link | None
    ) -> web.Response:
        words = self._document.words.of(self._language(request, link))
        said = words["finished" if reason == FINISHED_PLACE else reason]
        body = msgspec.json.encode(RefusedInJson(reason, said))
        answer = self.plain(HttpAnswer(status=status, body=body, content_type="application/json"))
        if status in (400, 408, 413):
            answer.force_close()
        return answer

    def plain(self, answer: HttpAnswer) -> web.Response:
        return web.Response(
            body=answer.body,
            status=answer.status,
            content_type=answer.content_type,
            headers=self._document.headers,
        )

    def _of(self, request: web.Request, link: Link, **shown: object) -> Shown:
        fields = {
            "language": self._language(request, link),
            "path": request.path,
            "ticket": self._keys.ticket(link.id),
            "message_id": self._new_id(),
            **shown,
        }
        return msgspec.convert(fields, Shown)

    def _language(self, request: web.Request, link: Link | None) -> str:
        """The one asked for by the switch, else the link's, else the browser's."""
        words = self._document.words
        asked = request.query.get("lang", "")
        if asked and words.spoken(asked) == asked:
            return asked
        if link is not None:
            return words.spoken(link.language)
        return words.spoken(request.headers.get("Accept-Language", "")[:2].lower())

    def _page(self, request: web.Request, status: int, shown: Shown) -> web.Response:
        body, headers = self._document.render(shown), dict(self._document.headers)
        if "gzip" in request.headers.get("Accept-Encoding", "").lower():
            body, headers["Content-Encoding"] = compressed(body), "gzip"
        return web.Response(
            body=body, status=status, content_type="text/html", charset="utf-8", headers=headers
        )
