"""The interface's own words, in English and Welsh: every key in both, or the console does not start."""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from intake.errors import BadConfiguration
from intake.settings_table import read_toml

LANGUAGES = ("en", "cy")
HERE = Path(__file__).parent / "words"

Words = Mapping[str, str]
"""``area.key`` to the text in one language; ``{name}`` stands for a value."""


@cache
def load_words(folder: Path = HERE) -> Mapping[str, Words]:
    """By language. One file an area, one table a key, one line a language; raises BadConfiguration."""
    texts: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    problems: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        for key, said in (read_toml(path, problems) or {}).items():
            name = f"{path.stem}.{key}"
            if set(said) != set(LANGUAGES) or not all(said.values()):
                problems.append(f"{path.name}: [{key}] must have {' and '.join(LANGUAGES)}, and nothing else")
                continue
            if len({frozenset(_values(text)) for text in said.values()}) > 1:
                problems.append(f"{path.name}: [{key}] does not name the same {{values}} in both languages")
            for language in LANGUAGES:
                texts[language][name] = said[language]
    if problems:
        raise BadConfiguration(problems)
    return texts


def _values(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name]
