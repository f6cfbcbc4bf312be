"""The console's colours: every pair that is used can be read, in both themes (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

FRONT = Path(__file__).parents[2] / "intake" / "console" / "front"
TEXT, MARK = 4.5, 3.0
THEMES = ("light", "night")

INHERITED = [
    *((text, ground) for ground in ("page", "panel", "sunken", "chosen") for text in ("text", "quiet")),
    *(("link", ground) for ground in ("page", "panel", "sunken")),
    ("bar-text", "bar"),
    ("clue", "theirs"),
    ("quiet", "theirs"),
    ("quiet", "ours"),
]
"""(text, ground) of two rules: what stands on the page, on panels, in a bubble."""

MARKS = [
    *(("line", ground) for ground in ("page", "panel", "sunken")),
    ("bar-line", "bar"),
    ("p1", "panel"),
    ("focus-text", "focus"),
    ("pin", "land"),
    ("pin", "sea"),
    ("ring", "land"),
    ("ring", "sea"),
    ("shore", "sea"),
    ("link", "panel"),
]
"""What is no text and must be seen: borders of fields and buttons, the bar of priority 1, pins, the ring."""


def tokens(css: str) -> dict[str, dict[str, str]]:
    """Colours by theme; night inherits what it does not name."""
    found: dict[str, dict[str, str]] = {}
    for theme, head in (("light", r":root"), ("night", r'\[data-theme="night"\]')):
        body = re.search(head + r"\s*\{(.*?)\}", css, re.DOTALL)
        assert body, theme
        found[theme] = dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})\s*;", body[1]))
    found["night"] = {**found["light"], **found["night"]}
    return found


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def rules(css: str) -> Iterator[tuple[str, str]]:
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)):
        yield selector.strip(), body


def pairs(css: str) -> Iterator[tuple[str, str, str]]:
    """(text, ground, selector) of every rule that sets both."""
    for selector, body in rules(css):
        text = re.search(r"(?<![-\w])color:\s*var\(--([\w-]+)\)", body)
        ground = re.search(r"background(?:-color)?:\s*var\(--([\w-]+)\)", body)
        if text and ground:
            yield text[1], ground[1], selector


def too_faint(
    wanted: Iterable[tuple[str, str]], colours: dict[str, dict[str, str]], least: float
) -> list[str]:
    return [
        f"{theme}: {one} {colours[theme][one]} on {ground} {colours[theme][ground]}: {ratio:.2f}"
        for theme in THEMES
        for one, ground in dict.fromkeys(wanted)
        if (ratio := contrast(colours[theme][one], colours[theme][ground])) < least
    ]


COLOURS = tokens((FRONT / "tokens.css").read_text("utf-8"))
SHEETS = sorted(path for path in FRONT.rglob("*.css") if path.name != "tokens.css")


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_text_can_be_read_on_its_ground(sheet: Path) -> None:
    used = [(text, ground) for text, ground, _ in pairs(sheet.read_text("utf-8"))]
    assert not too_faint(used, COLOURS, TEXT)


def test_text_can_be_read_where_it_stands_on_another_rules_ground() -> None:
    named = [(f"{name.removesuffix('-text')}-text", name.removesuffix("-text")) for name in COLOURS["light"]]
    of_its_own = [(text, ground) for text, ground in named if text in COLOURS["light"]]
    assert len(of_its_own) > 10
    assert not too_faint([*INHERITED, *of_its_own], COLOURS, TEXT)


def test_marks_can_be_seen() -> None:
    assert not too_faint(MARKS, COLOURS, MARK)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_colours_come_from_the_tokens_alone(sheet: Path) -> None:
    """A colour of its own would be right in one theme by luck. Shadows may be black."""
    for selector, body in rules(sheet.read_text("utf-8")):
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b", body), f"{sheet.name}: {selector}"
        for found in re.findall(r"(?:rgba?|hsla?)\([^)]*\)", body):
            assert found.startswith("rgb(0 0 0"), f"{sheet.name}: {selector}: {found}"
        for name in re.findall(r"var\(--([\w-]+)", body):
            whole = (FRONT / "tokens.css").read_text("utf-8") + sheet.read_text("utf-8")
            assert f"--{name}:" in whole, f"{sheet.name}: {selector}: --{name} is no token"


def test_red_is_for_priority_1_and_alarms_alone() -> None:
    """Two reds may be called by name only where something is immediate or an alarm."""
    for sheet in SHEETS:
        for selector, body in rules(sheet.read_text("utf-8")):
            if re.search(r"var\(--(?:p1|alarm)\)", body):
                assert re.search(r"p1|alarm|urgent|stale|error|silent-room|late|strip|wall", selector), (
                    f"{sheet.name}: {selector}"
                )


def test_negative_control_a_faint_pair_is_found() -> None:
    faint = {theme: {**COLOURS[theme], "quiet": "#9aa3aa"} for theme in THEMES}
    assert any("quiet" in one for one in too_faint(INHERITED, faint, TEXT))
    assert round(contrast("#ffffff", "#000000"), 1) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
