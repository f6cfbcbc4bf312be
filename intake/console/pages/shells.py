"""Pages as the server sends them: small shells that the modules under ``front/`` fill."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from intake.console.roles import Person
from intake.console.wording import LANGUAGES, Words, load_words

_HERE = Path(__file__).parent

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
POLICIES = {
    # The desk shows what callers attached from memory (`blob:`), once our own server has given it: see
    # DECISIONS.md. No other page can, and no other host is asked.
    "desk": POLICY.replace("img-src 'self' data:", "img-src 'self' data: blob:") + "; media-src blob:",
}
LANGUAGE_COOKIE = "intake-language"
THEME_COOKIE = "intake-theme"
THEMES = ("light", "night")


class Shells:
    """Renders a page's template in the reader's language and theme. Nothing a caller wrote goes in here."""

    def __init__(self, words: Mapping[str, Words]):
        self._words = words
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined
        )

    @classmethod
    def load(cls) -> Shells:
        return cls(load_words())

    def page(
        self, request: web.Request, name: str, person: Person | None = None, status: int = 200, **values: Any
    ) -> web.Response:
        """``name`` is a template's, without its ending; ``t`` looks words up in it."""
        language = language_of(request, person)
        theme = request.cookies.get(THEME_COOKIE, "")
        said = self._words[language]
        text = self._jinja.get_template(f"{name}.html").render(
            t=lambda key, **filled: said[key].format(**filled) if filled else said[key],
            language=language,
            theme=theme if theme in THEMES else THEMES[0],
            person=person,
            path=request.path,
            **values,
        )
        return web.Response(
            text=text,
            status=status,
            content_type="text/html",
            headers={"Content-Security-Policy": POLICIES.get(name, POLICY), "Referrer-Policy": "same-origin"},
        )


def language_of(request: web.Request, person: Person | None) -> str:
    """What the reader chose on this browser, else their account's language, else English."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    return person.language if person is not None and person.language in LANGUAGES else LANGUAGES[0]


SHELLS = web.AppKey("shells", Shells)
