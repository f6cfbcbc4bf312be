"""The habits of the house as checks: types, lint, import contracts, sizes, names."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = sorted([*ROOT.glob("intake/**/*.py"), *ROOT.glob("channels/**/*.py")])
MODULE_LINES = 300
FUNCTION_LINES = 60
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "core", "misc", "base"}


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lint() -> None:
    run("ruff", "check", "--no-cache", ".")


def test_format() -> None:
    run("ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.timeout(300)
def test_types() -> None:
    run("mypy", "-p", "intake", "-p", "channels")


def test_imports_point_one_way() -> None:
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        (
            "channels/sms/normalise",
            "from intake.store import tables",
            "channels.sms.normalise -> intake.store",
        ),
        ("intake/workers/keeping", "import geopy", "geopy lives in intake.locate BROKEN"),
    ],
    ids=["a channel reaches into the store", "a worker imports geopy"],
)
def test_an_import_against_the_grain_is_caught(module: str, line: str, said: str, tmp_path: Path) -> None:
    """The contracts can fail."""
    for part in ("intake", "channels", "pyproject.toml"):
        target = tmp_path / part
        if (ROOT / part).is_dir():
            subprocess.run(["cp", "-r", ROOT / part, target], check=True)
        else:
            target.write_bytes((ROOT / part).read_bytes())
    bad = tmp_path / f"{module}.py"
    bad.write_text(f"{bad.read_text('utf-8')}\n{line}\n", "utf-8")
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )
    assert done.returncode != 0
    assert said in done.stdout


def test_modules_are_small() -> None:
    large = {
        str(p.relative_to(ROOT)): n
        for p in PYTHON
        if (n := len(p.read_text("utf-8").splitlines())) > MODULE_LINES
    }
    assert not {name: n for name, n in large.items() if "/migrations/" not in name}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_functions_are_small() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": lines
        for path in PYTHON
        if "migrations" not in path.parts
        for node in functions(path)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in PYTHON
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert not silent


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [str(path) for path in PYTHON if path.stem in EMPTY_NAMES or path.parent.name in EMPTY_NAMES]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


def test_no_registry_address_stands_in_the_repository() -> None:
    hosts = [name[::-1] for name in ("gro.ipyp", "gro.detsohnohtyp", "gro.sjmpn.yrtsiger", "gro.naibed.bed")]
    pattern = re.compile("|".join(map(re.escape, hosts)) + r'|"resolved": *"http|https?://[^ "]+\.(whl|tgz)')
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if pattern.search(text):
            found.append(str(path.relative_to(ROOT)))
    assert not found


def test_every_direct_dependency_has_its_reason() -> None:
    decisions = (ROOT / "intake" / "DECISIONS.md").read_text("utf-8").lower()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    named = list(chain.from_iterable(groups))
    bare = [re.split(r"[\[<>=~! ]", name)[0].lower() for name in named]
    assert not [name for name in bare if f"`{name}`" not in decisions]


def test_the_lock_files_pin_every_package_with_hashes() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-setup.lock"):
        blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text("utf-8").strip())
        assert blocks
        for block in blocks:
            assert re.match(r"[a-z0-9._-]+==", block), block[:80]
            assert "--hash=sha256:" in block, block[:80]
