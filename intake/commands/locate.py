"""`intake locate`: what the system makes of a text: every clue, its hypotheses, and the fused answer."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text
from structlog.testing import capture_logs

from intake.console.terminal.queue import visible
from intake.errors import BadConfiguration
from intake.locate.fusion import Answer, Fusion, fuse
from intake.locate.geocoding import look_up_once
from intake.locate.pidf_lo import DOCUMENT_LIMIT_BYTES, InvalidPidf, PidfReading
from intake.locate.pidf_lo import read as read_pidf
from intake.locate.postcode_file import data_folder
from intake.locate.text import TEXT_LIMIT_CHARACTERS, TextLocator
from intake.location import CallerLocation, Clue, Reading, Whose
from intake.settings import load_settings

PIPE_COLUMNS = 150


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """WGS84 degrees, latitude before longitude; ``radius_m`` is at 95 %."""

    latitude: float
    longitude: float
    radius_m: float
    source: str
    whose: str
    note: str


class ClueView(msgspec.Struct, frozen=True, kw_only=True):
    """``start`` and ``end`` are offsets into the text, in code points."""

    kind: str
    words: str
    start: int
    end: int
    note: str
    negated: bool
    whose: str
    options: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]


class AnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """``why`` says why this place and not another."""

    place: Hypothesis
    words: str
    why: str


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """What was read in a PIDF-LO document; ``notes`` tell of what was not understood."""

    entity: str
    places: tuple[Hypothesis, ...]
    notes: tuple[str, ...]


class LocateAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What `intake locate --json` prints. ``acts_on`` is whose place routing would use."""

    text: str
    clues: tuple[ClueView, ...]
    caller: AnswerView | None
    incident: AnswerView | None
    acts_on: str
    warnings: tuple[str, ...]
    degraded: str
    document: DocumentView | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", help="what somebody wrote; - reads it from standard input")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--geocode", action="store_true", help="ask the address search and what3words, as far as they are set"
    )
    parser.add_argument(
        "--pidf", type=Path, metavar="FILE", help="a PIDF-LO document, fused with what the text says"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=None,
        metavar="DIR",
        help="data folder (default: INTAKE_DATA_DIR, var/data)",
    )
    parser.add_argument(
        "--config", type=Path, default=Path("config"), metavar="DIR", help="configuration folder"
    )


def run(args: argparse.Namespace) -> int:
    """0 when the text was read, whether it tells a place or not; 1 without look-up files or with a document
    that cannot be read; 2 misuse; 78 where geocoders are set wrongly."""
    text = _text(args.text)
    try:
        document = None if args.pidf is None else _read_document(args.pidf)
    except (OSError, InvalidPidf) as error:
        print(f"{args.pidf}: {error}", file=sys.stderr)
        return 1
    if not text.strip() and document is None:
        print('give a text: intake locate "fire at LS1 4AP", or - for standard input', file=sys.stderr)
        return 2
    with capture_logs():  # what is missing is said below, and standard output is the answer's
        locator = TextLocator.load(args.data or data_folder(), args.config / "gazetteer")
    reading = locator.read(text)
    if args.geocode:
        try:
            reading = asyncio.run(look_up_once(reading, load_settings(args.config)))
        except BadConfiguration as error:
            print(*error.problems, sep="\n", file=sys.stderr)
            return 78
    answer = _answer(text, reading, locator.degraded, document)
    if args.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer)).decode() + "\n")
    else:
        _show(answer)
    if locator.degraded:
        print(locator.degraded, file=sys.stderr)
        return 1
    return 0


def _text(given: str | None) -> str:
    if given == "-":
        return sys.stdin.buffer.read(4 * TEXT_LIMIT_CHARACTERS).decode("utf-8", "replace")
    return given or ""


def _read_document(path: Path) -> PidfReading:
    with path.open("rb") as file:
        return read_pidf(file.read(DOCUMENT_LIMIT_BYTES + 1))


def _answer(text: str, reading: Reading, degraded: str, document: PidfReading | None) -> LocateAnswer:
    stated = () if document is None else document.places
    fused: Fusion = fuse([*reading.places, *stated], datetime.now(UTC))
    return LocateAnswer(
        text=text,
        clues=tuple(_clue(clue) for clue in reading.clues),
        caller=_side(fused.caller),
        incident=_side(fused.incident),
        acts_on=fused.acts_on.value,
        warnings=tuple(sentence.en for sentence in fused.warnings),
        degraded=degraded,
        document=None if document is None else _document(document),
    )


def _document(reading: PidfReading) -> DocumentView:
    places = tuple(_hypothesis(place) for place in reading.places)
    return DocumentView(entity=reading.entity, places=places, notes=reading.notes)


def _clue(clue: Clue) -> ClueView:
    return ClueView(
        kind=clue.kind.value,
        words=clue.words,
        start=clue.start,
        end=clue.end,
        note=clue.note,
        negated=clue.is_negated,
        whose=clue.whose.value,
        options=clue.options,
        hypotheses=tuple(_hypothesis(place) for place in clue.hypotheses),
    )


def _hypothesis(place: CallerLocation) -> Hypothesis:
    return Hypothesis(
        latitude=place.latitude,
        longitude=place.longitude,
        radius_m=round(place.radius_m(), 1),
        source=place.source.value,
        whose=place.whose.value,
        note=place.note or "",
    )


def _side(answer: Answer | None) -> AnswerView | None:
    if answer is None:
        return None
    return AnswerView(place=_hypothesis(answer.place), words=answer.place.clue or "", why=answer.why.en)


def _show(answer: LocateAnswer) -> None:
    # A pipe has no width: wide enough for a line of a clue to stay one.
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_COLUMNS)
    if answer.clues:
        console.print(_clue_table(answer.clues))
    elif answer.document is None:
        console.print("no clue to a place in this text")
        return
    if answer.document is not None:
        _show_document(console, answer.document)
    for name, side in (("caller", answer.caller), ("incident", answer.incident)):
        if side is not None:
            console.print(Text.assemble((f"{name}: ", "bold"), _where(side.place), _quoted(side.words)))
            console.print(f"  {side.why}", markup=False)
    if answer.caller is None and answer.incident is None:
        console.print(
            Text("no place to act on: none of the clues is located, clear and undenied", style="bold")
        )
    elif answer.acts_on == Whose.INCIDENT.value:
        console.print("routing goes by the incident's place")
    for warning in answer.warnings:
        console.print(Text(f"! {warning}", style="bold red"))


def _quoted(words: str) -> str:
    return f"  “{visible(words)}”" if words else ""


def _show_document(console: Console, document: DocumentView) -> None:
    console.print(Text(f"document of {visible(document.entity)}", style="bold"))
    for place in document.places:
        console.print(Text(f"  {_where(place)}  {visible(place.note)}"))
    for note in document.notes:
        console.print(Text(f"  not read: {visible(note)}", style="yellow"))


def _clue_table(clues: tuple[ClueView, ...]) -> Table:
    table = Table(title="clues: latitude, longitude, radius at 95 %", show_lines=True)
    for column, width in (("at", 6), ("kind", 9), ("words", 9), ("whose", 8), ("places", 12), ("note", 12)):
        table.add_column(column, overflow="fold", min_width=width)
    for clue in clues:
        places = "\n".join(f"{_where(one)}\n{one.source}" for one in clue.hypotheses) or "none"
        said = "denied" if clue.negated else clue.whose or "unsaid"
        options = f"which? {'; '.join(clue.options)}" if clue.options else ""
        note = visible("\n".join(part for part in (clue.note, options) if part))
        words = visible(" ".join(clue.words.split()))
        row = (f"{clue.start}-{clue.end}", clue.kind, words, said, places, note)
        table.add_row(*(Text(cell) for cell in row), style="dim" if clue.negated else None)
    return table


def _where(place: Hypothesis) -> str:
    return f"{place.latitude:.5f}, {place.longitude:.5f}, ±{place.radius_m:,.0f} m"
