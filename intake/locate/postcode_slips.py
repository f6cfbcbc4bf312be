"""How a postcode may have been meant: the letter O for a nought, I for one, S for five, and the other way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from intake.locate.noting import NOTES

_AS_DIGIT = {"O": "0", "I": "1", "S": "5"}
_AS_LETTER = {digit: letter for letter, digit in _AS_DIGIT.items()}
_NAMES = {"O": "the letter O", "I": "the letter I", "S": "the letter S"}
_NAMES |= {"0": "a nought", "1": "a one", "5": "a five"}
# @ is a letter, # a digit: the six forms of an outward code, and the one of an inward code.
_OUTWARD_FORMS = {2: ("@#",), 3: ("@##", "@@#", "@#@"), 4: ("@@##", "@@#@")}
_INWARD_FORM = "#@@"
# The last two letters are never C I K M O V (Royal Mail PAF).
_INWARD_LETTERS = frozenset("ABDEFGHJLNPQRSTUWXYZ")
# fmt: off
_NEVER_SLIPPED = frozenset({
    "ONE", "OLD", "OUR", "OUT", "OFF", "OWN", "ODD", "OPT", "ORB", "ORE", "OAT", "OAF", "OAR", "ITS",
    "ILL", "INN", "ISH", "SHE", "SEE", "SAD", "SAT", "SAW", "SAY", "SET", "SUN", "SUE", "SHY", "SPY",
    "SUB", "SUP", "SIT", "SIR", "SIP", "SIS", "SEA", "SUR", "SEX", "SAG", "SAP", "SLY", "STY", "SPA",
})
# fmt: on
"""After a district these are words: "B12 one tablet", "LS6 she fell", "M25 off"."""
MOST_SLIPS = 2


class Meant(NamedTuple):
    """One reading: the two halves as they would be right, and what was read otherwise."""

    outward: str
    inward: str
    slips: tuple[str, ...]

    @property
    def note(self) -> str:
        if not self.slips:
            return ""
        return NOTES.en("read_as", postcode=f"{self.outward} {self.inward}", slip=", ".join(self.slips))


def readings(outward: str, inward: str, *, with_words: bool) -> Iterator[Meant]:
    """The forms of a postcode that ``outward`` and ``inward`` (capitals) can be, fewest slips first.

    ``with_words`` says that "postcode" stands before, so that an inward half that is also a word counts.
    A five for S, or S for a five, counts in the outward half only where another digit stands.
    """
    inward_half = _fit(inward, _INWARD_FORM)
    if inward_half is None or not set(inward_half[0][1:]) <= _INWARD_LETTERS:
        return
    if inward_half[1] and inward in _NEVER_SLIPPED and not with_words:
        return
    found = []
    for form in _OUTWARD_FORMS.get(len(outward), ()):
        outward_half = _fit(outward, form)
        if outward_half is None or (outward_half[1] and not _is_plain(outward)):
            continue
        slips = outward_half[1] + inward_half[1]
        if len(slips) <= MOST_SLIPS:
            found.append(Meant(outward_half[0], inward_half[0], slips))
    yield from sorted(found, key=lambda meant: len(meant.slips))


def _is_plain(outward: str) -> bool:
    """False where S would stand for the only digit: BS 4AB has lost a figure, it is not B5."""
    return any(mark.isdigit() or mark in "OI" for mark in outward)


def _fit(half: str, form: str) -> tuple[str, tuple[str, ...]] | None:
    marks, slips = [], []
    for mark, wanted in zip(half, form, strict=True):
        right = mark
        if wanted == "#" and not mark.isdigit():
            right = _AS_DIGIT.get(mark, "")
        elif wanted == "@" and mark.isdigit():
            right = _AS_LETTER.get(mark, "")
        if not right:
            return None
        if right != mark:
            slips.append(f"{_NAMES[mark]} for {_NAMES[right]}")
        marks.append(right)
    return "".join(marks), tuple(slips)
