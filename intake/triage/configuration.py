"""Read ``service_words.toml`` and ``priorities.toml``, listing every error at once (law 18)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from intake.contact import Priority
from intake.control_room import Service
from intake.errors import BadConfiguration
from intake.settings_table import Shape, read_table, read_toml
from intake.triage.assess import ANSWERED_LANGUAGES, Triage
from intake.triage.phrase_match import Negation, PhraseMatcher, words_of
from intake.triage.priority import PriorityRule, PriorityRules
from intake.triage.service import ASKED_WEIGHT, ServiceWord, ServiceWords, WordKind

WORDS_FILE = "service_words.toml"
PRIORITIES_FILE = "priorities.toml"


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    language: str
    kind: WordKind
    phrases: list[str]
    service: str = ""
    weight: int = ASKED_WEIGHT


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    reason: str
    priority: int
    words: list[str] = []
    service: list[str] = []
    channel: list[str] = []
    silent: bool | None = None
    old: bool | None = None
    defect: bool | None = None
    automatic: bool | None = None
    crash: bool | None = None


class _Language(msgspec.Struct, frozen=True, kw_only=True):
    words: frozenset[str]


def load_triage(config_dir: Path) -> Triage:
    """Raises BadConfiguration with every problem of both files."""
    problems: list[str] = []
    words_table = _table(config_dir / WORDS_FILE, {"negation", "languages", "group"}, problems)
    rules_table = _table(config_dir / PRIORITIES_FILE, {"words", "rule"}, problems)
    negation = _struct(words_table.get("negation", {}), Negation, f"{WORDS_FILE}: negation", problems)
    negation = negation or Negation()
    phrases = _service_phrases(words_table, problems)
    languages = _languages(words_table, problems)
    lists = _word_lists(rules_table, problems)
    rules = _rules(rules_table, set().union(*lists.values()), problems)
    if problems:
        raise BadConfiguration(problems)
    return Triage(
        service_words=ServiceWords(phrases, negation),
        priority_rules=PriorityRules(rules, PhraseMatcher(lists, negation)),
        language_words=languages,
    )


def check_triage(config_dir: Path) -> list[str]:
    """Every error in both files; empty when they would load."""
    try:
        load_triage(config_dir)
    except BadConfiguration as error:
        return error.problems
    return []


def _table(path: Path, known: set[str], problems: list[str]) -> dict[str, Any]:
    table = read_toml(path, problems) or {}
    problems += [f"{path.name}: unknown table {name!r}" for name in table if name not in known]
    return table


def _struct(value: Any, shape: type[Shape], where: str, problems: list[str]) -> Shape | None:
    if not isinstance(value, dict):
        problems.append(f"{where}: write a table")
        return None
    try:
        return read_table(value, shape, where)
    except BadConfiguration as error:
        problems += error.problems
        return None


def _convert(value: Any, kind: type[Any], where: str, problems: list[str]) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problems.append(f"{where}: {error}")
        return None


def _service_phrases(table: dict[str, Any], problems: list[str]) -> dict[str, ServiceWord]:
    phrases: dict[str, ServiceWord] = {}
    for number, entry in enumerate(_list(table, "group", WORDS_FILE, problems), 1):
        where = f"{WORDS_FILE}: group {number}"
        group = _struct(entry, _Group, where, problems)
        if group is None:
            continue
        word = _service_word(group, where, problems)
        for phrase in group.phrases:
            if not words_of(phrase):
                problems.append(f"{where}: phrase {phrase!r} has no word in it")
            elif phrase in phrases:
                problems.append(f"{where}: phrase {phrase!r} stands in two groups")
            phrases[phrase] = word
    if table and not phrases:
        problems.append(f"{WORDS_FILE}: no phrases")
    return phrases


def _service_word(group: _Group, where: str, problems: list[str]) -> ServiceWord:
    if group.language not in ANSWERED_LANGUAGES:
        problems.append(f"{where}: language {group.language!r} is none of {', '.join(ANSWERED_LANGUAGES)}")
    if not 1 <= group.weight <= ASKED_WEIGHT:
        problems.append(f"{where}: weight {group.weight} is not between 1 and {ASKED_WEIGHT}")
    if group.kind is WordKind.IGNORED:
        if group.service:
            problems.append(f"{where}: ignored phrases take no service")
        return ServiceWord(kind=group.kind, service=None, weight=0, language=group.language)
    service = _service(group.service, where, problems)
    return ServiceWord(kind=group.kind, service=service, weight=group.weight, language=group.language)


def _service(word: str, where: str, problems: list[str]) -> Service | None:
    try:
        return Service.from_word(word)
    except ValueError as error:
        problems.append(f"{where}: {error}")
        return None


def _languages(table: dict[str, Any], problems: list[str]) -> dict[str, frozenset[str]]:
    where = f"{WORDS_FILE}: languages"
    languages = _convert(table.get("languages", {}), dict[str, _Language], where, problems) or {}
    problems += [
        f"{where}: {name!r} has no phrases file" for name in languages if name not in ANSWERED_LANGUAGES
    ]
    return {name: language.words for name, language in languages.items()}


def _word_lists(table: dict[str, Any], problems: list[str]) -> dict[str, frozenset[str]]:
    """Phrase → names of the lists it stands in."""
    where = f"{PRIORITIES_FILE}: words"
    lists = _convert(table.get("words", {}), dict[str, list[str]], where, problems) or {}
    phrases: dict[str, frozenset[str]] = {}
    for name, members in lists.items():
        if not members:
            problems.append(f"{where}.{name}: is empty")
        for phrase in members:
            if not words_of(phrase):
                problems.append(f"{where}.{name}: phrase {phrase!r} has no word in it")
            phrases[phrase] = phrases.get(phrase, frozenset()) | {name}
    return phrases


def _rules(table: dict[str, Any], lists: set[str], problems: list[str]) -> list[PriorityRule]:
    rules: list[PriorityRule] = []
    for number, entry in enumerate(_list(table, "rule", PRIORITIES_FILE, problems), 1):
        where = f"{PRIORITIES_FILE}: rule {number}"
        written = _struct(entry, _Rule, where, problems)
        if written is not None:
            rules.append(_rule(written, f"{where} ({written.id})", lists, problems))
    ids = [rule.id for rule in rules]
    problems += [
        f"{PRIORITIES_FILE}: two rules are named {rule_id!r}"
        for rule_id in {i for i in ids if ids.count(i) > 1}
    ]
    if table and (not rules or not rules[-1].is_catch_all):
        problems.append(
            f"{PRIORITIES_FILE}: the last rule must have no conditions, so that every contact has one"
        )
    problems += [
        f"{PRIORITIES_FILE}: rule {rule.id!r} has no conditions and hides every rule after it"
        for rule in rules[:-1]
        if rule.is_catch_all
    ]
    return rules


def _rule(written: _Rule, where: str, lists: set[str], problems: list[str]) -> PriorityRule:
    if written.priority not in set(Priority):
        problems.append(f"{where}: priority {written.priority} is none of 1, 2, 3")
    problems += [
        f"{where}: no list of words is named {name!r}" for name in written.words if name not in lists
    ]
    if not written.id or not written.reason:
        problems.append(f"{where}: id and reason must not be empty")
    services = [_service(word, where, problems) for word in written.service]
    return PriorityRule(
        id=written.id,
        reason=written.reason,
        priority=Priority(written.priority) if written.priority in set(Priority) else Priority.URGENT,
        words=frozenset(written.words),
        service=frozenset(service for service in services if service is not None),
        channel=frozenset(written.channel),
        silent=written.silent,
        old=written.old,
        defect=written.defect,
        automatic=written.automatic,
        crash=written.crash,
    )


def _list(table: dict[str, Any], name: str, file: str, problems: list[str]) -> list[Any]:
    entries = table.get(name, [])
    if isinstance(entries, list):
        return entries
    problems.append(f"{file}: write [[{name}]], a list of tables")
    return []
