"""Every clue to a place in a message's text; the `Locator` of the intake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog
from msgspec.structs import replace

from intake.locate.address import find_addresses, find_towns_after_streets
from intake.locate.coordinates import find_coordinates
from intake.locate.gazetteer import Gazetteer, GazetteerMissing
from intake.locate.grid_reference import find_grid_references
from intake.locate.irish_grid import find_irish_grid_references
from intake.locate.map_link import find_map_links, find_silent_map_links
from intake.locate.negation import is_negated
from intake.locate.place_clues import find_place_clues
from intake.locate.place_names import find_place_names
from intake.locate.plus_code import find_plus_codes
from intake.locate.postcode import find_postcodes
from intake.locate.postcode_file import PostcodeFile, PostcodesMissing
from intake.locate.what3words import find_what3words
from intake.locate.whose import continues, whose_place
from intake.location import Clue, ClueKind, Reading, Whose

log = structlog.get_logger()

TEXT_LIMIT_CHARACTERS = 20_000
"""Read from the start; a longer text is an email with a trail, and its news stands on top."""
CLUE_LIMIT = 64
"""More places than this is a list, not a caller's whereabouts."""


class TextLocator:
    """Reads every kind of clue (`ClueKind`), whose place it is, and whether the sentence denies it.

    Pure once made: no network, no clock, and no text makes it raise. ``degraded`` is empty, or
    says which kind of clue it cannot read and what to do.
    """

    def __init__(
        self, postcodes: PostcodeFile | None, gazetteer: Gazetteer | None = None, *, degraded: str = ""
    ):
        self._postcodes, self._gazetteer = postcodes, gazetteer
        self.degraded = degraded

    @classmethod
    def load(cls, folder: Path, places: Path | None = None) -> TextLocator:
        """With the postcode file in ``folder`` and the list of places in ``places`` (config/gazetteer);
        without either the intake starts all the same, degraded."""
        postcodes, gazetteer, missing = None, None, []
        try:
            postcodes = PostcodeFile.open(folder)
        except PostcodesMissing as error:
            log.error("postcodes_missing", reason=str(error))
            missing.append(str(error))
        try:
            gazetteer = Gazetteer.load(places) if places is not None else None
        except GazetteerMissing as error:
            log.error("gazetteer_missing", reason=str(error))
            missing.append(str(error))
        return cls(postcodes, gazetteer, degraded="; ".join(missing))

    def read(self, text: str) -> Reading:
        """The clues in the order of their words; ``start``/``end`` are offsets into ``text``.

        Where clues overlap the more exact kind wins: a pair of numbers inside a link is the link's.
        An address alone holds other clues: the town and the postcode inside it.
        """
        text = text[:TEXT_LIMIT_CHARACTERS]
        found: list[Clue] = []
        for clue in self._clues(text, found):
            if any(clue.start < other.end and other.start < clue.end for other in found):
                continue
            found.append(clue)
            if len(found) >= CLUE_LIMIT:
                break
        for address, street_end in list(find_addresses(text, found)):
            found = [one for one in found if not _is_of_the_street(one, address.start, street_end)]
            found.append(address)
        in_order = sorted(found, key=lambda clue: (clue.start, -clue.end))[:CLUE_LIMIT]
        return Reading(clues=tuple(_judged(text, in_order)))

    def _clues(self, text: str, found: list[Clue]) -> Iterator[Clue]:
        """``found`` grows as they are taken: what it holds by then helps to tell places of one name apart."""
        yield from find_what3words(text)
        yield from find_map_links(text)
        yield from find_coordinates(text)
        yield from find_plus_codes(text, self._gazetteer.point if self._gazetteer is not None else None)
        yield from find_grid_references(text)
        yield from find_irish_grid_references(text)
        yield from find_postcodes(text, self._postcodes)
        near = [
            clue.hypotheses[0]
            for clue in found
            if len(clue.hypotheses) == 1 and not is_negated(text, clue.start, clue.end)
        ]
        yield from find_place_clues(text, self._gazetteer, near)
        if (gazetteer := self._gazetteer) is not None:
            yield from find_towns_after_streets(
                text, found, lambda words: find_place_names(words, gazetteer, near)
            )
        yield from find_silent_map_links(text)


def _is_of_the_street(clue: Clue, start: int, street_end: int) -> bool:
    return clue.kind is ClueKind.PLACE_NAME and start <= clue.start < street_end


def _judged(text: str, clues: list[Clue]) -> Iterator[Clue]:
    """Each clue with whose place it is and whether it is denied, as `whose` and `negation` say.

    What continues a clue (", Leeds, LS1 4AP") or stands inside an address shares its lot.
    """
    before: Clue | None = None
    address: Clue | None = None
    for clue in clues:
        leader = address if address is not None and clue.end <= address.end else before
        if leader is not None and leader.kind is not clue.kind:
            between = text[leader.end : clue.start] if clue.start >= leader.end else ""
            # "Not LS6 2XT, Padstow" may put right what it denies: a denial does not pass a comma.
            is_put_right = leader.is_negated and "," in between
            shares = clue.start < leader.end or (continues(between) and not is_put_right)
        else:
            shares = False
        if shares and leader is not None:
            whose, negated = leader.whose, leader.is_negated
        else:
            negated = is_negated(text, clue.start, clue.end)
            whose = whose_place(text, clue.start, clue.end, clue.kind)
        judged = _with_owner(clue, whose, negated=negated)
        if clue.kind is ClueKind.ADDRESS:
            address = judged
        before = judged
        yield judged


def _with_owner(clue: Clue, whose: Whose, *, negated: bool) -> Clue:
    """A denied clue is kept and shown, without its places (`Clue`)."""
    places = () if negated else tuple(replace(place, whose=whose) for place in clue.hypotheses)
    return replace(clue, whose=Whose.UNSAID if negated else whose, is_negated=negated, hypotheses=places)
