"""What the browser runs is held to rules too: small files, no text that becomes markup, no missing word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.console.wording import LANGUAGES, load_words
from tests.conftest import ROOT

CONSOLE = ROOT / "intake" / "console"
FRONT, PAGES = CONSOLE / "front", CONSOLE / "pages"
LINES = 300
FORBIDDEN = {
    "text becomes markup": r"\b(?:inner|outer)HTML\b|insertAdjacentHTML|unsafe(?:HTML|SVG|Static)|srcdoc"
    r"|document\.write\b|createContextualFragment|DOMParser",
    "text becomes code": r"\beval\s*\(|new Function\s*\(|setTimeout\s*\(\s*['\"`]|javascript:",
    "the policy refuses inline styles": r"\sstyle=",
    "another machine is asked": r"['\"`]https?://|['\"`]wss?://",
}
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
KEY_USED = re.compile(r"""\b(?:t|filled)\(\s*['"`]([a-z_]+\.[a-z0-9_]+)['"`]""")
NAMES = {"queue.other_language", "conversation.clue_what3words", "place.method_wifi"}
"""Of two words and more, and the same in both languages."""
WORD = r"[^\W\d_]{2,}"
LABEL_USED = re.compile(r"""label:\s*['"]([a-z_]+\.[a-z0-9_]+)['"]""")


def modules() -> list[Path]:
    return sorted(FRONT.rglob("*.js"))


def code(path: Path) -> str:
    return COMMENT.sub("", path.read_text("utf-8"))


def troubles(text: str) -> Iterator[str]:
    for why, pattern in FORBIDDEN.items():
        for found in re.finditer(pattern, text):
            yield f"{found[0]}: {why}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.name)
def test_no_text_becomes_markup_or_code(path: Path) -> None:
    assert not list(troubles(code(path)))


@pytest.mark.parametrize(
    "text",
    [
        "node.innerHTML = said",
        'html`<p style="color:red">`',
        "setTimeout('go()')",
        "fetch('https://example.org')",
        "unsafeHTML(said)",
    ],
)
def test_such_code_would_be_found(text: str) -> None:
    """Negative control."""
    assert list(troubles(text))


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.html")), ids=lambda path: path.name)
def test_shells_have_nothing_inline(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|\|\s*safe\b", text)


def test_front_files_are_small() -> None:
    files = [*modules(), *FRONT.rglob("*.css"), *PAGES.glob("*.html")]
    long = {path.name: n for path in files if (n := len(path.read_text("utf-8").splitlines())) > LINES}
    assert not long


def test_every_word_that_is_used_is_there() -> None:
    known = set(load_words()["en"])
    used: dict[str, str] = {}
    for path in [*modules(), *PAGES.glob("*.html")]:
        text = path.read_text("utf-8")
        used |= dict.fromkeys([*KEY_USED.findall(text), *LABEL_USED.findall(text)], path.name)
    assert len(used) > 100
    # A key that ends in _ is put together with a state's name.
    whole = {key: where for key, where in used.items() if not key.endswith("_")}
    assert not {key: where for key, where in whole.items() if key not in known}


def test_words_are_said_in_both_languages_and_not_copied() -> None:
    english, welsh = (load_words()[language] for language in LANGUAGES)
    assert set(english) == set(welsh)
    words = {key: re.sub(r"\{\w+\}", " ", text) for key, text in english.items()}
    same = {key for key, text in words.items() if english[key] == welsh[key] and re.findall(WORD, text)[1:]}
    assert same <= NAMES
