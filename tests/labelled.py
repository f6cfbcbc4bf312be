"""Labelled messages: reading the corpus, and counting what a locator found, missed and made up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from intake.location import Clue, ClueKind, Whose

CORPUS = Path(__file__).parent / "corpus"
HALVES = ("dev", "held_out")
KINDS = {
    "pc": ClueKind.POSTCODE,
    "oc": ClueKind.OUTCODE,
    "os": ClueKind.OS_GRID,
    "ig": ClueKind.IRISH_GRID,
    "ll": ClueKind.LATLON,
    "ml": ClueKind.MAP_LINK,
    "plus": ClueKind.PLUS_CODE,
    "w3w": ClueKind.WHAT3WORDS,
    "place": ClueKind.PLACE_NAME,
    "road": ClueKind.ROAD,
    "j": ClueKind.JUNCTION,
    "mp": ClueKind.MARKER_POST,
    "addr": ClueKind.ADDRESS,
}
_OPEN = re.compile(r"\{(\??)([a-z0-9]+)(?:/([cin]))?:")


class Label(NamedTuple):
    kind: str
    start: int
    end: int
    said: str
    optional: bool


class Message(NamedTuple):
    language: str
    text: str
    labels: tuple[Label, ...]


class Counts(NamedTuple):
    found: int
    missed: int
    made_up: int

    @property
    def labels(self) -> int:
        return self.found + self.missed

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.made_up) if self.found + self.made_up else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.labels if self.labels else 1.0


Mistake = tuple[str, str, str, str]
"""Row of the report, "missed" or "made up", the words, the whole message."""
Find = Callable[[str], Iterable[Clue]]


def read_corpus(half: str) -> list[Message]:
    lines = (CORPUS / f"{half}.txt").read_text("utf-8").splitlines()
    return [parse(line) for line in lines if line and not line.startswith("#")]


def parse(line: str) -> Message:
    """``en fire at {pc/i:LS1 4AP}`` → language, text and labels; ValueError where braces do not pair."""
    language, _, marked = line.partition(" ")
    text, labels, opened = "", [], []
    position = 0
    while position < len(marked):
        if (begin := _OPEN.match(marked, position)) is not None:
            optional, tag, said = begin.groups()
            opened.append((KINDS[tag].value, len(text), said or "", bool(optional)))
            position = begin.end()
        elif marked[position] == "}":
            if not opened:
                raise ValueError(f"nothing to close: {line}")
            kind, start, said, is_optional = opened.pop()
            labels.append(Label(kind, start, len(text), said, is_optional))
            position += 1
        else:
            text += marked[position]
            position += 1
    if opened or language not in ("en", "cy"):
        raise ValueError(f"not a labelled message: {line}")
    return Message(language, text, tuple(sorted(labels, key=lambda one: (one.start, -one.end))))


def fits(label: Label, clue: Clue) -> bool:
    """Of one kind, and one of the two spans holds the other or most of it."""
    if label.kind != clue.kind.value:
        return False
    common = min(label.end, clue.end) - max(label.start, clue.start)
    shorter = min(label.end - label.start, clue.end - clue.start)
    return common > 0 and common >= 0.75 * shorter


def measure(messages: Iterable[Message], find: Find) -> tuple[dict[str, Counts], list[Mistake]]:
    """Counts by row: each kind, ``negated``, ``caller``, ``incident``, ``all kinds``; and every mistake."""
    found: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    made_up: Counter[str] = Counter()
    mistakes: list[Mistake] = []
    for message in messages:
        for row, verdict, words in _judge(message, list(find(message.text))):
            {"found": found, "missed": missed, "made up": made_up}[verdict][row] += 1
            if verdict != "found":
                mistakes.append((row, verdict, words, message.text))
    rows = sorted({*found, *missed, *made_up})
    kinds = {kind.value for kind in ClueKind}
    counts = {row: Counts(found[row], missed[row], made_up[row]) for row in rows}
    counts["all kinds"] = Counts(
        *(sum(counts[row][part] for row in rows if row in kinds) for part in range(3))
    )
    return counts, mistakes


def _judge(message: Message, clues: list[Clue]) -> Iterator[tuple[str, str, str]]:
    left = list(clues)
    for label in message.labels:
        words = message.text[label.start : label.end]
        clue = next((one for one in left if fits(label, one)), None)
        if clue is not None:
            left.remove(clue)
            yield from _said(label, clue)
        if not label.optional:
            yield label.kind, "found" if clue else "missed", words
            if clue is None and label.said:
                yield {"n": "negated", "c": "caller", "i": "incident"}[label.said], "missed", words
    for clue in left:
        yield clue.kind.value, "made up", clue.words


def _said(label: Label, clue: Clue) -> Iterator[tuple[str, str, str]]:
    """Negation and owner are judged on what was found."""
    for row, is_meant, is_read in (
        ("negated", label.said == "n", clue.is_negated),
        ("caller", label.said == "c", clue.whose is Whose.CALLER),
        ("incident", label.said == "i", clue.whose is Whose.INCIDENT),
    ):
        if is_meant or is_read:
            yield row, "found" if is_meant and is_read else "missed" if is_meant else "made up", clue.words


def table(by_half: dict[str, dict[str, Counts]], whole: dict[str, Counts]) -> Table:
    made = Table(title="Clues in text: labels, precision, recall")
    made.add_column("kind")
    for half in (*by_half, "dev + held_out"):
        for column in (half, "prec.", "recall"):
            made.add_column(column, justify="right")
    for row in whole:
        cells = []
        for counts in (*by_half.values(), whole):
            one = counts.get(row, Counts(0, 0, 0))
            cells += [str(one.labels), f"{one.precision:.3f}", f"{one.recall:.3f}"]
        made.add_row(row, *cells)
    return made


def report(by_half: dict[str, dict[str, Counts]], whole: dict[str, Counts]) -> str:
    console = Console(width=150, record=True, file=None, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        console.print(table(by_half, whole))
    return captured.get()
