"""Is a name meant as a place here? Reading is a town and a pastime, Barry is a town and a man. Pure.

A name that is nothing else is taken unless the words beside it say otherwise ("Leeds Road",
"Bodmin Arms"). One that is also a word, a first name or a surname needs evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from intake.locate.gazetteer import Gazetteer, Match
from intake.locate.place_words import Word


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


POPULOUS = 40_000
"""A surname that is also a town of so many people is taken for the town."""

IN_WORDS = frozenset({"in", "near", "nr", "outside", "around", "yn", "ym", "yng", "ger", "tua"})
FROM_WORDS = _set_of(
    """
    at from to towards toward into through thru past by between leaving left reaching reached via
    approaching above below beyond behind off inside for visiting rhwng o i ar heibio trwy drwy wrth
    cyrraedd
    """
)
_OF_WHAT = _set_of(
    """
    north south east west northeast northwest southeast southwest outside middle centre center edge town
    city village outskirts side part end out coast bit just
    """
)
_ANCHORS = _set_of(
    """
    town city centre center station hospital airport harbour beach seafront marina pier university
    market services cathedral docks infirmary railway bus village area common esplanade high main
    """
)
_STREET = _set_of(
    """
    road rd street st avenue ave lane ln close drive dr way crescent cres terrace gardens grove place
    court house hall arms inn tavern lodge united fc rovers wanderers albion athletic academy cheese
    pudding pie pasty tart sauce marathon festival accent council building mews rise walk boulevard
    parade row
    """
)
_STREET_WELSH = frozenset({"stryd", "ffordd", "heol", "lon", "rhodfa", "teras", "clos", "maes"})
_TITLES = _set_of(
    """
    mr mrs miss ms dr pc sgt sergeant sir lord lady uncle aunt auntie nan nana grandad grandma named
    name surname called rev officer detective inspector mister
    """
)
_KIN = _set_of(
    """
    my our his her their brother sister son daughter husband wife partner friend mate boyfriend
    girlfriend neighbour dad mum mam father mother cousin and
    """
)
_NOT_LOWER = _set_of(
    """
    bath battle hope march sale deal street over wells shock eye hook sandwich love pain ash rugby bow
    wick ham hale bank ford hill wood green cross church bridge park field end moor common forest gate
    corner castle abbey bury ware wing stone chapel hall mill brook lee ford diss ryde
    """
)
"""In small letters these follow "in" or "at" as ordinary words too often to be towns."""
_POSTCODE_NEXT = re.compile(r"[ \t,]{0,3}[A-Za-z]{1,2}\d[A-Za-z\d]?(?![A-Za-z\d])")
_PART_END = re.compile(r"[\s,.;:!?()/\"-]*([,.;:!?()/\n\"]|$)")
_ADDRESSED = re.compile(r"[\w.]*[@#/_.]$")


class Setting(NamedTuple):
    """What is asked of a whole text once."""

    text: str
    words: Sequence[Word]
    has_case: bool
    """False where everything is in small or everything in capital letters: capitals then say nothing."""


def setting_of(text: str, words: Sequence[Word]) -> Setting:
    return Setting(text, words, has_case=not text.islower() and not text.isupper())


def before(setting: Setting, at: int) -> str:
    """The word right before word ``at``, with nothing but blanks between; else empty."""
    if at == 0 or setting.text[setting.words[at - 1].end : setting.words[at].start].strip(" \t\r\n"):
        return ""
    return setting.words[at - 1].bare


def after(setting: Setting, at: int) -> str:
    """The word right after word ``at``, likewise."""
    if at + 1 >= len(setting.words):
        return ""
    gap = setting.text[setting.words[at].end : setting.words[at + 1].start]
    return "" if gap.strip(" \t-") or not gap else setting.words[at + 1].bare


def has_cue(setting: Setting, match: Match) -> bool:
    """True after a word that places stand behind: "in", "near", "north of", "ger"."""
    word = before(setting, match.first)
    if word == "of" and match.first >= 2:
        return setting.words[match.first - 2].bare in _OF_WHAT
    if word in ("and", "a", "ac"):  # "between Craven Arms and Ludlow", "rhwng Conwy a Bangor"
        return any(
            one.bare in ("between", "rhwng") for one in setting.words[max(0, match.first - 6) : match.first]
        )
    return word in IN_WORDS or word in FROM_WORDS


def is_refused(setting: Setting, match: Match) -> bool:
    """True where the neighbours make the name part of something else, whatever it is called."""
    start, end = setting.words[match.first].start, setting.words[match.last].end
    text = setting.text
    if _ADDRESSED.search(text, max(0, start - 30), start) or text[end : end + 1] in ("@", "_"):
        return True
    if text[end : end + 1] == "." and text[end + 1 : end + 2].isalnum():
        return True  # example.org
    following, preceding = after(setting, match.last), before(setting, match.first)
    if preceding == "is" and setting.words[match.first - 2].bare in ("name", "names"):
        return True
    return following in _STREET or preceding in _STREET_WELSH or preceding in _TITLES


def is_meant(setting: Setting, match: Match, gazetteer: Gazetteer, *, is_labelled: bool) -> bool:
    """Whether the match is a place here. ``is_labelled``: another place or area stands beside it and fits."""
    if is_refused(setting, match):
        return False
    kind = gazetteer.is_also(match.key)
    if not kind or is_labelled:
        return True
    end = setting.words[match.last].end
    if _is_whole_text(setting, match):
        return True
    is_capital = setting.text[setting.words[match.first].start].isupper()
    if _POSTCODE_NEXT.match(setting.text, end) and (is_capital or match.key not in _NOT_LOWER):
        return True
    has_anchor = after(setting, match.last) in _ANCHORS
    preceding = before(setting, match.first)
    if kind == "surname":
        return preceding not in gazetteer.first_names and _surname(setting, match, has_anchor=has_anchor)
    if kind == "given":
        # "from Barry" is a man as often as a town.
        return preceding in IN_WORDS or (preceding == "at" and is_capital) or (has_anchor and is_capital)
    if setting.has_case and is_capital:
        return has_cue(setting, match) or has_anchor
    return _word_without_capital(setting, match, preceding, has_anchor=has_anchor)


def _surname(setting: Setting, match: Match, *, has_anchor: bool) -> bool:
    if has_cue(setting, match) or has_anchor:
        return True
    if before(setting, match.first) in _KIN:
        return False
    return match.places[0].population >= POPULOUS or _closes_a_list(setting, match)


def _word_without_capital(setting: Setting, match: Match, preceding: str, *, has_anchor: bool) -> bool:
    if match.key in _NOT_LOWER:
        return False
    if has_anchor:
        return has_cue(setting, match)
    if preceding not in IN_WORDS or not match.places or match.places[0].population < POPULOUS:
        return False
    end = setting.words[match.last].end
    return _PART_END.match(setting.text, end) is not None or after(setting, match.last) in IN_WORDS


def _is_whole_text(setting: Setting, match: Match) -> bool:
    """True for the bare answer to "Where are you?", but not for "Hope"."""
    if match.first or match.last != len(setting.words) - 1 or any(c.isdigit() for c in setting.text):
        return False
    return bool(match.places) and (match.key not in _NOT_LOWER or match.places[0].population >= POPULOUS)


def _closes_a_list(setting: Setting, match: Match) -> bool:
    """True for ``12 High Street, Malton``: after a comma, before the end of the part."""
    start, end = setting.words[match.first].start, setting.words[match.last].end
    head = setting.text[:start].rstrip(" \t")
    return head.endswith((",", "\n")) and _PART_END.match(setting.text, end) is not None
