"""What is made of a contact's places, drawn for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from intake.console.terminal.queue import visible
from intake.console.views import contact as views
from intake.console.views.places import FusedPlace, FusedView
from intake.sentences import Sentence

_HEADS = {
    "caller": Sentence("caller", "y sawl sy'n cysylltu"),
    "incident": Sentence("incident", "y digwyddiad"),
    "acts": Sentence("acted on", "gweithredir ar hwn"),
    "none": Sentence("no place", "dim lle"),
    "rides": Sentence("seen to ride", "yn teithio"),
}


def places_screen(answer: views.ContactAnswer, language: str = "en") -> RenderableType:
    """The two answers, the warnings, and each place that was set aside with its reason."""
    fused = answer.fused
    table = Table.grid(padding=(0, 2))
    for whose, place in (("incident", fused.incident), ("caller", fused.caller)):
        table.add_row(Text(_said(_HEADS[whose], language), "bold"), *_answer(place, whose, fused, language))
    named = {one.id: one for one in answer.places}
    for aside in fused.set_aside:
        place_text = _where(named[aside.id].place) if aside.id in named else Text(aside.id)
        table.add_row(Text("-", "dim"), place_text, Text(visible(_said(aside.why, language)), "dim"))
    warnings = [Text(f"! {visible(_said(words, language))}", "bold yellow") for words in fused.warnings]
    if fused.rides_m_s:
        warnings.append(Text(f"{_said(_HEADS['rides'], language)}: {fused.rides_m_s} m/s", "yellow"))
    return Group(Text(answer.contact.reference, "bold"), table, *warnings)


def _answer(place: FusedPlace | None, whose: str, fused: FusedView, language: str) -> tuple[Text, Text]:
    if place is None:
        return Text(_said(_HEADS["none"], language), "dim"), Text()
    shown = Text(f"{place.latitude:.5f}, {place.longitude:.5f} ±{place.radius_m:,.0f} m  {place.source}")
    acted = f"  [{_said(_HEADS['acts'], language)}]" if fused.acts_on in (whose, "") else ""
    return shown, Text(_said(place.why, language) + acted)


def _where(place: views.Place) -> Text:
    clue = f" “{visible(place.clue)}”" if place.clue else ""
    return Text(f"{place.latitude:.5f}, {place.longitude:.5f} ±{place.radius_m:,.0f} m  {place.source}{clue}")


def _said(words: Sentence, language: str) -> str:
    return words.cy if language == "cy" else words.en
