"""Read ``added_services.toml``, listing every error at once (law 18)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from intake.control_room import Service
from intake.errors import BadConfiguration
from intake.settings_table import read_toml
from intake.triage.added import AddedRule, AddedServices
from intake.triage.assess import ANSWERED_LANGUAGES
from intake.triage.phrase_match import Negation, words_of

ADDED_FILE = "added_services.toml"


def load_added(config_dir: Path) -> AddedServices:
    """Raises BadConfiguration with every problem of the file."""
    problems: list[str] = []
    table = _table(config_dir / ADDED_FILE, problems)
    negation = _convert(table.get("negation", {}), Negation, "negation", problems) or Negation()
    rules = []
    for number, entry in enumerate(table.get("added", []), 1):
        label = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"number {number}"
        rule = _convert(entry, AddedRule, label, problems)
        if rule is not None:
            problems += [f"{ADDED_FILE}: {label}: {problem}" for problem in _problems_of(rule)]
            rules.append(rule)
    ids = [rule.id for rule in rules]
    problems += [
        f"{ADDED_FILE}: two rules are named {name!r}" for name in {i for i in ids if ids.count(i) > 1}
    ]
    if table and not rules:
        problems.append(f"{ADDED_FILE}: no rules")
    if problems:
        raise BadConfiguration(problems)
    return AddedServices(rules, negation)


def check_added(config_dir: Path) -> list[str]:
    """Every error in the file; empty when it would load."""
    try:
        load_added(config_dir)
    except BadConfiguration as error:
        return error.problems
    return []


def _table(path: Path, problems: list[str]) -> dict[str, Any]:
    table = read_toml(path, problems) or {}
    unknown = table.keys() - {"negation", "added"}
    problems += [f"{path.name}: unknown table {name!r}" for name in sorted(unknown)]
    return table


def _convert(value: Any, kind: type[Any], where: str, problems: list[str]) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problems.append(f"{ADDED_FILE}: {where}: {error}")
        return None


def _problems_of(rule: AddedRule) -> list[str]:
    problems = []
    try:
        Service.from_word(rule.service)
    except ValueError as error:
        problems.append(str(error))
    if not (rule.id and rule.because and rule.because_cy and rule.where):
        problems.append("id, because, because_cy and where must not be empty")
    if extra := set(rule.leads_at) - set(rule.where):
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
