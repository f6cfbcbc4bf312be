"""The page itself: one document, everything inline, under a policy that lets nothing else in."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path

import jinja2
import msgspec
from markupsafe import Markup

from intake.public.words import SPOKEN, PageWords

_HERE = Path(__file__).parent
LANGUAGE_NAMES = (("en", "English"), ("cy", "Cymraeg"))


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What one page shows. ``ask`` is "" or the mode of the link; without a ``ticket`` there is no box.

    ``heading``, ``lines`` and ``notice`` are keys of the words; ``notice_kind`` is good or bad.
    """

    language: str
    heading: str = "heading"
    lines: tuple[str, ...] = ()
    ask: str = ""
    path: str = ""
    ticket: str = ""
    message_id: str = ""
    notice: str = ""
    notice_kind: str = "good"


class Document:
    """Renders pages; made once, for its policy names the script and the style by their hashes."""

    def __init__(self, words: PageWords):
        self.words = words
        jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
        )
        self._template = jinja.get_template("page.html")
        self._style, self._script = (_lean(_HERE / name) for name in ("page.css", "page.js"))
        self.headers: Mapping[str, str] = {
            "Content-Security-Policy": (
                f"default-src 'none'; script-src {_source(self._script)}; style-src {_source(self._style)};"
                " img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none';"
                " frame-ancestors 'none'"
            ),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex, nofollow, noarchive",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
            "Vary": "Accept-Encoding, Accept-Language",
        }

    def render(self, shown: Shown) -> bytes:
        w = self.words.of(shown.language)
        spoken = msgspec.json.encode({key: w[key] for key in SPOKEN}).decode().replace("<", "\\u003c")
        return self._template.render(
            w=w,
            language=shown.language,
            languages=LANGUAGE_NAMES,
            heading=w[shown.heading],
            lines=[w[key] for key in shown.lines],
            ask=shown.ask,
            path=shown.path,
            ticket=shown.ticket,
            message_id=shown.message_id,
            notice=w[shown.notice] if shown.notice else "",
            notice_kind=shown.notice_kind,
            style=Markup(self._style),  # noqa: S704 - files of ours
            script=Markup(self._script),  # noqa: S704
            spoken=Markup(spoken),  # noqa: S704 - "<" is escaped above
        ).encode()


def compressed(body: bytes) -> bytes:
    """Nothing of a request is repeated in the page, so that its length tells nobody anything (BREACH)."""
    return gzip.compress(body, 9, mtime=0)


def _lean(path: Path) -> str:
    """Without indentation and whole-line comments: what the browser does not need stays here."""
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _source(text: str) -> str:
    # CSP 3 §2.3.1: hash-source, over the element's text as it stands.
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
