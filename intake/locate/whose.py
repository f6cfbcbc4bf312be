"""Whose place a sentence names: the caller's, the incident's, or nobody says. English and Welsh.

The rules, on the words of the clue's own sentence; the cue that stands nearest before the clue wins:

- CALLER: the caller's own being somewhere ("I am at X", "we're stuck on X", "my location X", "dwi yn X"),
  and where they look from ("I can see smoke from X", "from X I can see").
- INCIDENT: what happened ("fire at X", "damwain ar X"), or another person or thing said to be there
  ("my mum in X", "he is at X", "a lorry over on X"). A word of place must stand before the clue. So is a
  place that the caller left and where somebody "is still there".
- UNSAID: all else. "In X" alone, "I live at X", "I am from X", "driving to X" say nothing of who is there.

A clue that continues the one before it ("12 High Street, Leeds, LS1 4AP"; "the A38 near Bodmin") has
its owner; so has what stands inside an address.
"""

from __future__ import annotations

import re

from intake.locate.clause import somebody_is_still_there, words_after, words_before
from intake.location import ClueKind, Whose

_FLAGS = re.IGNORECASE

_HERE = re.compile(
    r"(?:\b(?:i['’]?m|i am|im|we['’]re|we are|we r|me and \w+ are)\b"
    r"(?!\s+(?:from|calling about|worried|ringing about))"
    r"|(?:^\W*(?:help\W+)?)were\b"
    r"|\b(?:i|we)(?:['’]ve| have|ve)? (?:crashed|fallen|fell|broken down|hit|am|got stuck|been)\b"
    r"|^\W*(?:(?:help|pls|please|so|ok)\W+)*(?:stuck|lost|trapped|stranded|hiding|staying|broken down"
    r"|driving (?:thru|through|along|on|past))\b"
    r"|\b(?:stuck|trapped|stranded)\s+(?=(?:on|in|at|near)\b)"
    r"|\bmy (?:current |exact )?(?:location|position|coords|coordinates|whereabouts)\b"
    r"|\bwhere (?:i am|we are)\b"
    r"|\b(?:calling|texting|ringing|watching|looking) from\b"
    r"|\b(?:i|we) can (?:see|hear)\b(?=.{1,60}\bfrom\s*$)"
    # Welsh
    r"|\b(?:dw\s?i|dwi['’]?n|dwin|rydw i|rwy['’]?n|rwyf|ydw i|dyn ni|rydyn ni|rydym|['’]?dan ni|da ni"
    r"|ryn ni)\b"
    r"|\b(?:fy|ein) (?:lleoliad|safle)\b)",
    _FLAGS,
)
_EVENT_WORDS = """
fire blaze smoke explosion crash accident collision smash pile robbery burglary burglar intruder break
stabbing shooting fight attack assault flood flooding floods leak bomb riot avalanche casualty casualties body
victim emergency incident tree tân tan damwain ffrwydrad llifogydd ymosod ymosodiad lladron
"""
_OTHER_PEOPLE = """
someone somebody
man woman men women boy girl lad guy bloke lady person people client lorries cars vans he she they hes shes
theyre they're mum mam mom mother dad father nan nana gran granny grandma grandad grandfather
grandmother brother sister son daughter friend mate neighbour neighbor husband wife partner boyfriend
girlfriend uncle aunt aunty cousin child baby kid kids children boss colleague patient
rhywun dyn menyw merch bachgen tad nhad brawd mrawd chwaer ffrind gŵr ngŵr plant gwraig ngwraig mab plentyn
"""
_OTHERS = frozenset((_EVENT_WORDS + _OTHER_PEOPLE).split())
_VEHICLES = frozenset(
    {"car", "lorry", "van", "truck", "coach", "bus", "train", "boat", "motorbike", "bike", "plane"}
)
"""Another's: "my car" is where the caller is, and so is the bus in "i'm on a bus"."""
_OWN = frozenset({"my", "our", "fy", "ein"})
_WORDS = re.compile(r"[\w'’]+")
_ELSEWHERE = re.compile(
    r"(?:\b(?:(?<!close )(?<!next )to|towards|into|via|live[sd]?|living|going|heading|travelling"
    r"|on (?:my|our|the) way|byw|mynd|teithio)\s+(?:\w+\s+)?|(?<!\bdw )(?<!\brydw )(?<!\bydw )\b(?:i|o)\s+)$",
    _FLAGS,
)
_LEFT = re.compile(r"\b(?:left|ran from|got out of|escaped from|out of|gadael)\s+(?:\w+\s+)?$", _FLAGS)
_FROM = re.compile(r"(?<!\bfar )\bfrom\s+$", _FLAGS)
_RANG_FROM = re.compile(r"\b(?:rang|called|phoned|texted|messaged|ringing|calling) (?:me )?from\s+$", _FLAGS)
_ON_FIRE = re.compile(r"\bon fire\b|\bar dân\b", _FLAGS)
_NOW_AT = re.compile(r"^\W*(?:i|we)\b.*\bnow (?:in|at|on|near)\s+(?:the\s+)?$", _FLAGS)
_LOOKING = re.compile(r"\b(?:see|hear|watching|looking|calling|texting|ringing)\b", _FLAGS)
_PLACE_WORD = re.compile(
    r"\b(?:in|at|on|near|by|outside|inside|opposite|off|around|behind|under|along|beside|between|next to"
    r"|close to|far from|through|thru|past"
    r"|yn|yng|ym|ar|ger|wrth|mewn|gyferbyn â|tu allan i|o flaen|dwi['’]?n)\s+"
    r"(?:[\w'’]+[\s,]+){0,3}$",
    _FLAGS,
)
_SEES_FROM_THERE = re.compile(
    r"^\W{0,2}(?:(?:i|we) (?:(?:can|could) )?(?:see|hear)|i['’]?m here|(?:i am|we are|we['’]re) here)", _FLAGS
)
_CONTINUES = re.compile(
    r"^[\s,]{0,3}(?:(?:in|at|near|by|just|outside|of|yn|yng|ym|ger|wrth|the|postcode|cod|post|is|north|south|east|west)\s+){0,3}$",
    _FLAGS,
)
_LOOSE_KINDS = frozenset({ClueKind.PLACE_NAME, ClueKind.ROAD, ClueKind.JUNCTION, ClueKind.OUTCODE})
"""Kinds that name more than a spot: without a word of place before them their sentence says nothing."""


def whose_place(text: str, start: int, end: int, kind: ClueKind) -> Whose:
    """Who is at ``text[start:end]`` by its sentence."""
    # "On fire" is no place that a house is on.
    before = _ON_FIRE.sub("fire", words_before(text, start))
    if _LEFT.search(before) and somebody_is_still_there(text, end):
        return Whose.INCIDENT
    if _FROM.search(before):
        return _from(before, words_after(text, end))
    if _ELSEWHERE.search(before):
        return Whose.UNSAID
    has_place_word = _PLACE_WORD.search(before) is not None
    here = _last(_HERE, before)
    there = _last_other(before)
    if there > here:
        return Whose.INCIDENT if has_place_word else Whose.UNSAID
    if here >= 0:
        return Whose.CALLER if has_place_word or kind not in _LOOSE_KINDS else Whose.UNSAID
    if _NOW_AT.search(before):
        return Whose.CALLER
    return Whose.CALLER if _SEES_FROM_THERE.search(words_after(text, end)) else Whose.UNSAID


def continues(between: str) -> bool:
    """True where the words between two clues make the second the rest of the first's place."""
    return len(between) <= 30 and _CONTINUES.search(between) is not None


def _from(before: str, after: str) -> Whose:
    if _RANG_FROM.search(before) and _last_other(before) >= 0:
        return Whose.INCIDENT
    if _LOOKING.search(before) and _last(_HERE, before) >= 0:
        return Whose.CALLER
    return Whose.CALLER if _SEES_FROM_THERE.search(after) else Whose.UNSAID


def _last(pattern: re.Pattern[str], words: str) -> int:
    return max((match.start() for match in pattern.finditer(words)), default=-1)


def _last_other(words: str) -> int:
    """Where the last event, other person or vehicle of others stands; -1 for none."""
    found, previous, before_that = -1, "", ""
    for match in _WORDS.finditer(words):
        word = match[0].lower().replace("’", "'").removesuffix("'s")
        is_ridden = "on" in (previous, before_that) or "in" in (previous, before_that)
        is_theirs = word in _VEHICLES and previous not in _OWN and not is_ridden
        # Welsh "mae o", "mae hi": he is, she is.
        is_welsh = previous == "mae" and word in ("o", "e", "hi", "nhw")
        if word in _OTHERS or is_theirs or is_welsh:
            found = match.start()
        previous, before_that = word, previous
    return found
