"""Two hundred snippets that name places and roads, or only seem to: precision, recall and the place meant."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from intake.locate.gazetteer import Gazetteer
from intake.locate.place_clues import find_place_clues
from intake.location import Clue, ClueKind

ROOT = Path(__file__).parents[2]
KINDS = {
    "place": ClueKind.PLACE_NAME,
    "road": ClueKind.ROAD,
    "j": ClueKind.JUNCTION,
    "mp": ClueKind.MARKER_POST,
}
PRECISION, RECALL, RIGHT_PLACE = 0.97, 0.95, 0.97
_LABEL = re.compile(r"\{(place|road|j|mp):([^}]+)\}")
Find = Callable[[str], Iterable[Clue]]


class Snippet(NamedTuple):
    """A text, the clues it holds as (kind, start, end), and what its places must mean, in order."""

    text: str
    clues: frozenset[tuple[ClueKind, int, int]]
    meant: tuple[str, ...]


def snippets(name: str) -> list[Snippet]:
    lines = (ROOT / "tests" / "snippets" / name).read_text(encoding="utf-8").splitlines()
    return [_snippet(line) for line in lines if line and not line.startswith("#")]


def _snippet(line: str) -> Snippet:
    marked, _, meant = line.partition(" => ")
    text, clues, last = "", set(), 0
    for match in _LABEL.finditer(marked):
        text += marked[last : match.start()]
        clues.add((KINDS[match[1]], len(text), len(text) + len(match[2])))
        text, last = text + match[2], match.end()
    return Snippet(text + marked[last:], frozenset(clues), tuple(filter(None, meant.split(" ; "))))


SNIPPETS = snippets("places.txt")
UNSEEN = snippets("unseen.txt")


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load(ROOT / "config" / "gazetteer")


@pytest.fixture(scope="module")
def find(gazetteer: Gazetteer) -> Find:
    return lambda text: without_overlaps(find_place_clues(text, gazetteer))


def without_overlaps(clues: Iterable[Clue]) -> list[Clue]:
    """As `TextLocator` does: the first of two overlapping ones stays."""
    kept: list[Clue] = []
    for clue in clues:
        if not any(clue.start < other.end and other.start < clue.end for other in kept):
            kept.append(clue)
    return sorted(kept, key=lambda clue: clue.start)


class Score(NamedTuple):
    found: int
    labelled: int
    right: int
    mistakes: list[str]

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.labelled if self.labelled else 1.0


def score(find: Find, kind: ClueKind, among: list[Snippet] = SNIPPETS) -> Score:
    found = labelled = right = 0
    mistakes = []
    for snippet in among:
        wanted = {span for span in snippet.clues if span[0] is kind}
        got = {(clue.kind, clue.start, clue.end) for clue in find(snippet.text) if clue.kind is kind}
        found, labelled, right = found + len(got), labelled + len(wanted), right + len(got & wanted)
        mistakes += [f"made up {snippet.text[a:b]!r} in {snippet.text!r}" for _, a, b in got - wanted]
        mistakes += [f"missed {snippet.text[a:b]!r} in {snippet.text!r}" for _, a, b in wanted - got]
    return Score(found, labelled, right, mistakes)


def test_there_are_enough_snippets_of_every_kind() -> None:
    assert len(SNIPPETS) >= 200
    assert sum(not snippet.clues for snippet in SNIPPETS) >= 60
    assert {kind for snippet in SNIPPETS for kind, _, _ in snippet.clues} == set(KINDS.values())
    assert len({snippet.text for snippet in SNIPPETS}) == len(SNIPPETS)


def test_precision_and_recall(find: Find, capsys: pytest.CaptureFixture[str]) -> None:
    scores = {kind: score(find, kind) for kind in KINDS.values()}
    lines = [
        f"  {kind.value:12} labels {one.labelled:3}  precision {one.precision:.3f}  recall {one.recall:.3f}  "
        + "; ".join(one.mistakes)
        for kind, one in scores.items()
    ]
    with capsys.disabled():
        sys.stdout.write("\n".join(["\nplaces and roads by name (tests/snippets/places.txt)", *lines, ""]))
    for one in scores.values():
        assert one.precision >= PRECISION, one.mistakes
        assert one.recall >= RECALL, one.mistakes


def test_snippets_written_after_the_finders(find: Find, capsys: pytest.CaptureFixture[str]) -> None:
    """At first sight: precision 1.00, recall 0.96 of 28 places; unseen.txt says what that changed."""
    one = score(find, ClueKind.PLACE_NAME, UNSEEN)
    with capsys.disabled():
        sys.stdout.write(f"\nunseen places: precision {one.precision:.3f}  recall {one.recall:.3f}\n")
    assert one.labelled >= 25
    assert one.precision >= 0.95, one.mistakes
    assert one.recall >= 0.93, one.mistakes


def wrong_places(find: Find) -> list[str]:
    """Where a place is not the one meant, or is chosen where a question had to be asked."""
    wrong = []
    for snippet in SNIPPETS:
        places = [clue for clue in find(snippet.text) if clue.kind is ClueKind.PLACE_NAME]
        for clue, meant in zip(places, snippet.meant, strict=False):
            got = (clue.hypotheses[0].note or "") if len(clue.hypotheses) == 1 else "?"
            if meant != "*" and not any(got == one or got.startswith(f"{one};") for one in meant.split("|")):
                wrong.append(f"{clue.words!r} in {snippet.text!r} is {got!r}, not {meant!r}")
    return wrong


def test_each_name_means_the_right_place_or_asks(find: Find) -> None:
    wrong = wrong_places(find)
    told = sum(len(snippet.meant) for snippet in SNIPPETS)
    assert len(wrong) <= (1 - RIGHT_PLACE) * told, wrong


def test_negative_control_names_taken_without_evidence_are_found_out(gazetteer: Gazetteer) -> None:
    """Every name of the list that stands in the text, whatever stands around it."""
    careless = Gazetteer.load(ROOT / "config" / "gazetteer")
    careless._careful.clear()
    one = score(lambda text: without_overlaps(find_place_clues(text, careless)), ClueKind.PLACE_NAME)
    assert one.precision < PRECISION


def test_negative_control_a_list_without_welsh_misses_the_aim(find: Find) -> None:
    def english_only(text: str) -> Iterable[Clue]:
        return [clue for clue in find(text) if "mutated" not in clue.note]

    assert score(english_only, ClueKind.PLACE_NAME).recall < RECALL


def test_negative_control_always_taking_the_largest_place_is_found_out(find: Find) -> None:
    def guessing(text: str) -> Iterable[Clue]:
        return [replace(clue, hypotheses=clue.hypotheses[:1]) for clue in find(text)]

    told = sum(len(snippet.meant) for snippet in SNIPPETS)
    assert len(wrong_places(guessing)) > (1 - RIGHT_PLACE) * told
