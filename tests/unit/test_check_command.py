"""`intake check` lists every error at once, names where it is, and passes what we ship."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from intake.commands.check import problems_in
from intake.errors import BadConfiguration
from intake.settings import load_settings

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def data_folder() -> dict[str, str]:
    return {"INTAKE_DATA_DIR": str(CONFIG.parent / "var" / "data")}


def test_the_shipped_configuration_has_no_problems() -> None:
    assert list(problems_in(CONFIG, data_folder())) == []


def test_every_error_is_listed_at_once(config: Path) -> None:
    toml = (config / "intake.toml").read_text("utf-8")
    (config / "intake.toml").write_text(
        toml.replace("pool_size = 4", 'pool_size = "many"') + "\n[nonsense]\n"
    )
    (config / "priorities.toml").write_text("[[rule]]\n")
    (config / "phrases" / "cy.toml").write_text("language = 'cy'\n")
    found = "\n".join(problems_in(config, data_folder() | {"INTAKE_STORE__COLOUR": "red"}))
    for expected in ("store.pool_size", "[nonsense]", "store.colour", "priorities.toml", "phrases/cy.toml"):
        assert expected in found, found


def test_an_enabled_channel_without_its_secrets_is_a_problem(config: Path) -> None:
    environ = data_folder() | {
        "INTAKE_CHANNELS__APP__ENABLED": "true",
        "INTAKE_CHANNELS__PIGEON__ENABLED": "true",
        "INTAKE_CONSOLE__TOKENS__DESK": "short",
        "INTAKE_FEEDS__SECRETS__NOWHERE": "0" * 40,
        "INTAKE_DOORS__TLS_CERTIFICATE": "/nowhere.pem",
    }
    found = "\n".join(problems_in(config, environ))
    for expected in (
        "channels.app.token_secret",
        "channels.pigeon",
        "console.tokens.desk",
        "feeds.secrets.nowhere",
        "doors.tls_certificate",
    ):
        assert expected in found, found


def test_missing_postcodes_are_named_with_the_command_that_makes_them(config: Path, tmp_path: Path) -> None:
    found = list(problems_in(config, {"INTAKE_DATA_DIR": str(tmp_path / "empty")}))
    assert len(found) == 1
    assert "intake data" in found[0]


def test_secrets_come_from_files_and_outrank_the_file(config: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 40 + "\n")
    settings = load_settings(config, {"INTAKE_CHANNELS__APP__TOKEN_SECRET_FILE": str(secret)})
    assert settings.channels["app"]["token_secret"] == "s" * 40


def test_bad_configuration_is_refused_whole(config: Path) -> None:
    with pytest.raises(BadConfiguration) as caught:
        load_settings(
            config, {"INTAKE_STORE__POOL_SIZE": "x", "INTAKE_TYPO": "1", "INTAKE_LOG__LEVEL_FILE": "/no"}
        )
    assert len(caught.value.problems) == 3


# The archive is held by its fingerprints when a decision is replayed.
FILES = [one.relative_to(CONFIG) for one in sorted(CONFIG.rglob("*.toml")) if "archive" not in one.parts]


@pytest.mark.parametrize("name", [str(one) for one in FILES if one.name != "intake.toml"])
def test_a_file_that_was_cut_to_nothing_is_named(config: Path, name: str) -> None:
    """An emptied priorities file ended `intake check` with a traceback, emptied service words passed it."""
    (config / name).write_text("")
    found = list(problems_in(config, data_folder()))
    assert any(Path(name).name in one or "district" in one for one in found), found
