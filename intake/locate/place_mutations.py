"""Welsh initial mutations undone: ``yng Nghaerdydd`` is Caerdydd, ``i Fangor`` is Bangor. Pure.

A mutation changes the first sound of a name after certain small words. Undoing it gives a few
candidates; only one that is in the list of places counts, and only after a word that mutates, so that
no other word becomes a place by chance.
"""

from __future__ import annotations

NASAL_AFTER = frozenset({"yn", "ym", "yng", "fy"})
SOFT_AFTER = frozenset(
    {
        "o",
        "i",
        "ar",
        "at",
        "am",
        "dan",
        "wrth",
        "gan",
        "heb",
        "hyd",
        "dros",
        "tros",
        "drwy",
        "trwy",
        "neu",
        "dy",
    }
)
SPIRANT_AFTER = frozenset({"a", "gyda", "tua", "efo", "chwe", "tri"})

# Mutated beginning → what it may have been. Longest first: "ngh" is not "ng".
_NASAL = (("ngh", ("c",)), ("mh", ("p",)), ("nh", ("t",)), ("ng", ("g",)), ("m", ("b",)), ("n", ("d",)))
_SOFT = (
    ("dd", ("d",)),
    ("g", ("c",)),
    ("b", ("p",)),
    ("d", ("t",)),
    ("f", ("b", "m")),
    ("l", ("ll", "gl")),
    ("r", ("rh", "gr")),
    ("w", ("gw",)),
)
_SPIRANT = (("ch", ("c",)), ("ph", ("p",)), ("th", ("t",)))


def unmutated(word: str, before: str) -> list[str]:
    """What ``word`` (bare, small letters) may be without its mutation, after the word ``before``."""
    tables = []
    if before in NASAL_AFTER:
        # "yn" mutates softly after verbs and in dialect; "yn Gaerdydd" is met as well.
        tables += [_NASAL, _SOFT]
    if before in SOFT_AFTER:
        tables.append(_SOFT)
    if before in SPIRANT_AFTER:
        tables.append(_SPIRANT)
    found = []
    for table in tables:
        for beginning, originals in table:
            if word.startswith(beginning) and not (beginning == "l" and word.startswith("ll")):
                found += [original + word[len(beginning) :] for original in originals]
                break
    return found
