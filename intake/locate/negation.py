"""Whether a sentence says that nobody is at a place, or not any more: English and Welsh.

The rules, each on the words just before or after the clue, in its own sentence:

- *not there*: "not in X", "isn't at X", "no longer in X", "it is not X"; "ddim yn X", "nid X".
- *left it*: "I left X", "have left X", "moved out of X", "used to live in X"; "wedi gadael X".
- *was there*: "I was in X yesterday", "I was in X but now I'm in Y"; "roeddwn i yn X".
- *do not use it*: "ignore X", "don't send anyone to X", "X is the wrong address", "my old postcode X".

Where somebody or a fire "is still there" nothing is denied: the trouble is where the caller was. Nor
where help is what is not there: "the police are not at X".
"Not far from X", "not sure if X", "not breathing X", "turn left X" and "he left me at X" deny nothing.
"""

from __future__ import annotations

import re

from intake.locate.clause import somebody_is_still_there, words_after, words_before

_FLAGS = re.IGNORECASE
_THE = r"(?:(?:the|my|our|his|her|y|yr|fy|ei)\s+)?$"
_AT = r"(?:(?:in|at|near|on|around|by)\s+)"
_WELSH_AT = r"(?:(?:yn|yng|ym|ar|ger|wrth|mewn)\s+)"

_BEFORE = tuple(
    re.compile(pattern + _THE, _FLAGS)
    for pattern in (
        rf"(?<!\bif )(?<!\bwhy )\b(?:not|never|no longer|\w+n['’]t|isnt|arent|wasnt|werent|aint|ain)\s+"
        rf"(?:(?:actually|even|really|now|still|going to be)\s+)?{_AT}?",
        r"\b(?:don['’]?t|do not)\s+(?:come|go|send(?:\s+\w+){0,3})\s+(?:to|at)\s+",
        r"\b(?:ignore|disregard|forget|cancel)\s+(?:(?:the|that|my)\s+)?(?:(?:postcode|address|place)\s+)?",
        # Only the caller's own leaving: where somebody else has left, the caller may still be.
        r"(?:^|\b(?:i|we|ive|weve|i['’]ve|we['’]ve|i have|we have)\s+)(?:(?:just|already|now)\s+)?left\s+",
        r"\b(?:moved|moving)\s+(?:away|out)\s+(?:from|of)\s+",
        r"\bmoved\s+(?:(?:me|us|him|her|them)\s+)?from\s+",
        rf"\bused to\s+(?:live|be|work|stay)\s+{_AT}",
        r"\b(?:old|wrong|previous|former)\s+(?:address|postcode|post code|house|flat|place|one)"
        r"[\s:]*(?:is|was)?[\s:]*",
        # Welsh
        rf"\b(?:ddim|dim|nid|nad)\s+(?:(?:bellach|nawr|rŵan)\s+)?{_WELSH_AT}?",
        rf"\b(?:dw?i|rw|wy|dydw i|dyn ni|ydw i)['’]m\s+{_WELSH_AT}",
        r"^(?!.*\bmae\b).*\b(?:wedi\s+(?:gadael|symud\s+o)|gadewais i|adawais i|gadawon ni)\s+",
        rf"\b(?:arfer\s+(?:byw|bod|gweithio))\s+{_WELSH_AT}",
        rf"\b(?:ro(?:edd)?wn i|ro['’]n i|o['’]n i)\s+{_WELSH_AT}",
        r"\b(?:anwybyddwch|peidiwch (?:â|a) (?:mynd|dod|anfon \w+) i)\s+",
    )
)
_HELP_IS_NOT_THERE = re.compile(
    r"\b(?:police|ambulance|paramedics?|crew|fire (?:engine|brigade)|coastguard|you|heddlu|ambiwlans|criw)"
    r"(?:['’]?re|['’]s)?\s+(?:(?:is|are|r|was|were|still)\s+)*"
    r"(?:not|isn['’]?t|aren['’]?t|wasn['’]?t|ddim)\s+(?:\w+\s+){0,2}$",
    _FLAGS,
)
"""Of those who are waited for: the place is the one to come to."""
_WAS = re.compile(rf"(?:^|[,\s])(?:(?:i|we)\s+)?(?:was|were)\s+{_AT}{_THE}", _FLAGS)
_SUBJECT_WAS = re.compile(r"\b(?!(?:i|we)\b)\w+\s+(?:was|were)\s+\w+\s+(?:\w+\s+)?$", _FLAGS)
_PAST = re.compile(
    r"^\W{0,2}(?:[\w']+\s){0,2}?(?:earlier|before|yesterday|ago\b|this morning|last\s(?:night|week|year)"
    r"|at first|until)\b",
    _FLAGS,
)
_ELSEWHERE_NOW = re.compile(
    r"^\W{0,3}(?:but|and|then)\s+"
    r"(?:now\s|(?:i['’]?m|i am|we['’]?re|we are)\s+(?:now\s+)?(?:in|at|on|near)\b"
    r"|(?:are|am)\s+(?:now|home|back)\b)",
    _FLAGS,
)
_DENIED_AFTER = re.compile(
    r"^\W{0,3}(?:is |was |that['’]?s )?(?:the |my |an )?(?:wrong|old|previous|former) "
    r"(?:address|postcode|post code|place|one)\b",
    _FLAGS,
)


def is_negated(text: str, start: int, end: int) -> bool:
    """True where the sentence denies that anybody is at ``text[start:end]``."""
    before = words_before(text, start)
    # What a comma or "now" sets apart is another statement: "not in Leeds any more, now in Wakefield".
    near = re.split(r"[,:(]|\b(?:now|nawr|rŵan|rwan|and|a'r|instead)\b", before, flags=_FLAGS)[-1]
    near = near.lstrip()
    if somebody_is_still_there(text, end) or _HELP_IS_NOT_THERE.search(near):
        return False
    if any(pattern.search(near) for pattern in _BEFORE):
        return True
    after = words_after(text, end)
    if _DENIED_AFTER.search(after):
        return True
    if not _WAS.search(near) or _SUBJECT_WAS.search(near):
        return False
    return bool(_PAST.search(after) or _ELSEWHERE_NOW.search(text[end : end + 60]))
