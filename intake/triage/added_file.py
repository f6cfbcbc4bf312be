"""Read ``added_services.toml`` and ``agreements.toml``, listing every error of both at once (law 18)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from intake.control_room import Service
from intake.errors import BadConfiguration
from intake.settings_table import read_toml
from intake.triage.added import AddedRule, AddedServices, Agreement, SuggestionRule
from intake.triage.assess import ANSWERED_LANGUAGES
from intake.triage.phrase_match import Negation, words_of

ADDED_FILE, AGREEMENTS_FILE, ROOMS_FILE = "added_services.toml", "agreements.toml", "control_rooms.toml"

Rule = TypeVar("Rule", bound=SuggestionRule)


def load_added(config_dir: Path) -> AddedServices:
    """Raises BadConfiguration with every problem of both files."""
    problems: list[str] = []
    table = _table(config_dir / ADDED_FILE, {"negation", "added"}, problems)
    negation = (
        _convert(table.get("negation", {}), Negation, f"{ADDED_FILE}: negation", problems) or Negation()
    )
    added = _rules(table, "added", AddedRule, ADDED_FILE, problems)
    if table and not added:
        problems.append(f"{ADDED_FILE}: no rules")
    table = _table(config_dir / AGREEMENTS_FILE, {"agreement"}, problems)
    agreements = _rules(table, "agreement", Agreement, AGREEMENTS_FILE, problems)
    services_of = _services_of_rooms(config_dir)
    for one in agreements:
        problems += [f"{AGREEMENTS_FILE}: {one.id}: {problem}" for problem in _terms(one, services_of)]
    ids = [rule.id for rule in (*added, *agreements)]
    files = f"{ADDED_FILE}, {AGREEMENTS_FILE}"
    problems += [
        f"{files}: two rules are named {name!r}" for name in sorted({i for i in ids if ids.count(i) > 1})
    ]
    if problems:
        raise BadConfiguration(problems)
    return AddedServices([*added, *agreements], negation)


def check_added(config_dir: Path) -> list[str]:
    """Every error in the files; empty when they would load."""
    try:
        load_added(config_dir)
    except BadConfiguration as error:
        return error.problems
    return []


def _table(path: Path, known: set[str], problems: list[str]) -> dict[str, Any]:
    table = read_toml(path, problems) or {}
    problems += [f"{path.name}: unknown table {name!r}" for name in sorted(table.keys() - known)]
    return table


def _rules(table: dict[str, Any], name: str, kind: type[Rule], file: str, problems: list[str]) -> list[Rule]:
    entries = table.get(name, [])
    if not isinstance(entries, list):
        problems.append(f"{file}: write [[{name}]], a list of tables")
        return []
    rules: list[Rule] = []
    for number, entry in enumerate(entries, 1):
        label = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"number {number}"
        rule = _convert(entry, kind, f"{file}: {label}", problems)
        if rule is not None:
            problems += [f"{file}: {label}: {problem}" for problem in _problems_of(rule)]
            rules.append(rule)
    return rules


def _convert(value: Any, kind: type[Any], where: str, problems: list[str]) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problems.append(f"{where}: {error}")
        return None


def _problems_of(rule: SuggestionRule) -> list[str]:
    problems = _unknown_services([rule.service])
    if not (rule.id and rule.because and rule.because_cy and rule.where):
        problems.append("id, because, because_cy and where must not be empty")
    if isinstance(rule, AddedRule) and (extra := set(rule.leads_at) - set(rule.where)):
        problems.append(f"leads_at {', '.join(sorted(extra))} is not in where")
    for name, lists in (("phrases", rule.phrases), ("ignored", rule.ignored)):
        problems += [
            f"{name}.{language}: the languages are {', '.join(ANSWERED_LANGUAGES)}"
            for language in lists
            if language not in ANSWERED_LANGUAGES
        ]
        listed = [phrase for phrases in lists.values() for phrase in phrases]
        problems += [f"{name}: {phrase!r} has no word in it" for phrase in listed if not words_of(phrase)]
    said = {phrase for phrases in rule.phrases.values() for phrase in phrases}
    meant = {phrase for phrases in rule.ignored.values() for phrase in phrases}
    problems += [f"{phrase!r} stands in phrases and in ignored" for phrase in sorted(said & meant)]
    if rule.phrases and not all(rule.phrases.get(language) for language in ANSWERED_LANGUAGES):
        problems.append(f"phrases must be given in each of {', '.join(ANSWERED_LANGUAGES)}")
    return problems


def _unknown_services(words: list[str]) -> list[str]:
    known = [service.word for service in Service]
    return [f"unknown service {word!r}: use {', '.join(known)}" for word in words if word not in known]


def _services_of_rooms(config_dir: Path) -> Mapping[str, list[str]] | None:
    """By room the services it answers for; None where the register cannot be read, which is its own error."""
    rooms = (read_toml(config_dir / ROOMS_FILE, []) or {}).get("room")
    if not isinstance(rooms, list):
        return None
    return {
        one["id"]: one["services"]
        for one in rooms
        if isinstance(one, dict) and isinstance(one.get("id"), str) and isinstance(one.get("services"), list)
    }


def _terms(one: Agreement, services_of: Mapping[str, list[str]] | None) -> list[str]:
    """What an agreement has beyond other rules."""
    problems = _unknown_services(list(one.asked))
    if not (one.name and one.name_cy and one.asked):
        problems.append("name, name_cy and asked must not be empty")
    if one.until < one.reviewed:
        problems.append(f"until {one.until} is before reviewed {one.reviewed}")
    if one.room and list(one.asked) != [one.service]:
        problems.append(f"a room is proposed for the service asked for: asked must be {one.service!r} alone")
    if one.room and not one.rooms:
        problems.append("room needs rooms: those for which it answers")
    if one.room and one.room in one.rooms:
        problems.append(f"room {one.room!r} stands in rooms, too")
    if not one.room and one.service in one.asked:
        problems.append(f"{one.service!r} is asked for already: name another service, or a room")
    if services_of is not None:
        problems += _rooms_that_do_not(one.rooms, one.asked, services_of)
        problems += _rooms_that_do_not((one.room,) if one.room else (), (one.service,), services_of)
    return problems


def _rooms_that_do_not(
    rooms: tuple[str, ...], services: tuple[str, ...], services_of: Mapping[str, list[str]]
) -> list[str]:
    problems = []
    for room in rooms:
        if room not in services_of:
            problems.append(f"no room {room!r} in {ROOMS_FILE}")
        elif not set(services) & set(services_of[room]):
            problems.append(f"room {room!r} does not answer for {' or '.join(services)}")
    return problems
