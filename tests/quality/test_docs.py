"""Documentation that cannot lie: its commands, links, targets and settings are held against the code."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from intake.__main__ import COMMANDS
from intake.settings import SECTIONS, load_settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {".venv", "var", "node_modules", "build"} & set(path.relative_to(ROOT).parts)
)
README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r"`([^`\n]+)`|^    (.+)$", re.MULTILINE)


def commands_in(text: str) -> list[str]:
    """What a reader would type: inline code and indented lines that begin with intake or make."""
    found = [(inline or block).strip() for inline, block in FENCE.findall(text)]
    return [
        re.sub(r"^(\.venv/bin/)?", "", one) for one in found if re.match(r"(\.venv/bin/)?(intake|make) ", one)
    ]


def parser_of(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"intake {name}", exit_on_error=False)
    importlib.import_module(f"intake.commands.{name.replace('-', '_')}").add_arguments(parser)
    return parser


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """Every option of a command and of its sub-commands."""
    found = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                found |= options_of(sub)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text("utf-8")):
        if not target.startswith(("http", "mailto")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist_and_take_these_arguments(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for command in commands_in(page.read_text("utf-8")):
        for part in command.split(" && "):
            words = shlex.split(part.split(" #")[0].replace("…", ""))
            if words[0] == "make":
                assert {word for word in words[1:] if "=" not in word} <= targets, command
            elif len(words) > 1:
                assert words[1] in COMMANDS, command
                known = options_of(parser_of(words[1]))
                asked = {word.strip("[]") for word in words[2:] if word.strip("[").startswith("--")}
                assert asked <= known | {"--help"}, command


def test_every_command_has_its_module_and_help() -> None:
    for name in COMMANDS:
        assert parser_of(name).format_help()


def test_make_help_lists_every_target_that_is_phony() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = set(re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert phony <= set(re.findall(r"^([a-z-]+)", shown, re.MULTILINE)) | {"lock"}


def test_the_readme_is_short_and_says_what_it_is_not() -> None:
    lines = README.splitlines()
    assert len(lines) <= 150
    first_screen = "\n".join(lines[:24])
    assert "make demo" in first_screen
    assert "make test" in first_screen
    assert "not connected to 999" in first_screen


def test_every_setting_of_the_shipped_file_is_known_and_every_known_one_is_shown() -> None:
    text = (ROOT / "config" / "intake.toml").read_text("utf-8")
    load_settings(ROOT / "config", {})
    for section, kind in SECTIONS.items():
        table = re.search(rf"^\[{section}\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
        assert table, section
        for field in kind.__struct_fields__:
            assert re.search(rf"^#? ?{field}\b", table[1], re.MULTILINE), (
                f"{section}.{field} is not in intake.toml"
            )


def test_named_variables_can_be_set() -> None:
    for page in PAGES:
        for section in re.findall(r"INTAKE_([A-Z]+)__", page.read_text("utf-8")):
            assert section.lower() in {*SECTIONS, "channels", "section"}, f"{page}: INTAKE_{section}__…"


def test_the_research_and_kill_tests_promised_exist() -> None:
    for promised in re.findall(r"`((?:tests|intake|channels|config|docker)/[\w./-]+)`", README):
        assert (ROOT / promised).exists(), promised
    for page in (ROOT / "intake" / "DECISIONS.md",):
        for promised in re.findall(r"`(tests/[\w./-]+\.py)`", page.read_text("utf-8")):
            assert (ROOT / promised).exists(), promised
