"""What is said of places to handlers, in English and Welsh. No Welsh speaker has reviewed the Welsh.

Names begin with their article, and Welsh sentences are built around "oddi wrth", so that no name mutates.
"""

from __future__ import annotations

from intake.locate.sources import SOURCES
from intake.location import CallerLocation
from intake.sentences import Sentence, Wording

WELSH_REVIEWED = False
CLUE_SHOWN_CHARACTERS = 40

_WORDS: dict[str, tuple[str, str]] = {
    "apart": ("{one} is {km} from {other}", "{one}: {km} oddi wrth {other}"),
    "split": (
        "the incident's place is {km} from the caller's own",
        "y digwyddiad: {km} oddi wrth y sawl sy'n cysylltu",
    ),
    "swapped_agrees": (
        "{one} may have latitude and longitude exchanged: turned round it agrees with {other}",
        "{one}: efallai bod lledred a hydred wedi'u cyfnewid; o'u troi, yn cyd-fynd: {other}",
    ),
    "mirrored_agrees": (
        "{one} may have a wrong sign: mirrored it agrees with {other}",
        "{one}: efallai bod arwydd anghywir; o'i droi, yn cyd-fynd: {other}",
    ),
    "swapped_home": (
        "{one} is abroad: with latitude and longitude exchanged it would be in or near Britain",
        "{one}: dramor; efallai bod lledred a hydred wedi'u cyfnewid",
    ),
    "mirrored_home": (
        "{one} is abroad: with the other sign it would be in or near Britain",
        "{one}: dramor; efallai bod arwydd anghywir",
    ),
    "no_place": ("its numbers are no place on earth", "nid yw'r rhifau'n lle ar y ddaear"),
    "ambiguous": (
        "one of {count} places these words may mean, and nothing says which",
        "un o {count} lle posibl; does dim yn dweud pa un",
    ),
    "handler_chose": ("a handler chose another place", "dewiswyd lle arall gan y sawl sy'n ateb"),
    "later_choice": (
        "a handler chose again later",
        "dewiswyd eto'n ddiweddarach gan y sawl sy'n ateb",
    ),
    "contradicts": ("it contradicts the better one, {km} away", "mae'n groes i'r un gwell, {km} i ffwrdd"),
    "less_certain": (
        "less certain: weighed {own} against {better}",
        "llai sicr: pwyswyd {own} yn erbyn {better}",
    ),
    "chosen": ("chosen by a handler", "dewiswyd gan y sawl sy'n ateb"),
    "only": ("the only one known", "yr unig un hysbys"),
    "best": ("the most certain of {count}", "yr un mwyaf sicr o {count}"),
    "singled_out": (
        "of several places these words may mean, the one another source agrees with",
        "o sawl lle posibl, yr un y mae ffynhonnell arall yn cytuno ag ef",
    ),
}


SAYING = Wording(_WORDS)
say = SAYING.say


def name_of(location: CallerLocation) -> Sentence:
    """``the typed postcode (LS1 4AP)``."""
    model = SOURCES[location.source]
    clue = f" ({location.clue[:CLUE_SHOWN_CHARACTERS]})" if location.clue else ""
    return Sentence(model.name + clue, model.name_cy + clue)


def km(metres: float) -> str:
    """``7.3 km``, ``212 km``: as far as people say it."""
    return f"{metres / 1000:.1f} km" if metres < 10_000 else f"{metres / 1000:,.0f} km"


def length(metres: float) -> str:
    """``35 m`` or ``7.3 km``."""
    return f"{metres:,.0f} m" if metres < 1_000 else km(metres)
