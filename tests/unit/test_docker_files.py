"""The compose file, its variables, secrets, ports and commands are those of the code."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import channels
from intake.commands import migrate, serve
from intake.errors import BadConfiguration
from intake.settings import ConsoleSettings, DoorsSettings, load_settings

REPO = Path(__file__).parents[2]
DOCKER = REPO / "docker"
COMMANDS = {"serve": serve, "migrate": migrate}
VARIABLE = re.compile(r"\$\{([A-Z_]+)[^}]*\}")

compose: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
services: dict[str, Any] = compose["services"]
OURS = sorted(name for name, service in services.items() if "INTAKE_IMAGE" in service["image"])


def example() -> dict[str, str]:
    lines = (DOCKER / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled(text: Any, values: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda found: values[found[1]], str(text))


def instructions() -> list[tuple[str, str]]:
    text = (DOCKER / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


# -- variables, secrets and settings -------------------------------------------------------------


def test_every_variable_has_an_example_and_every_example_is_used() -> None:
    used = {found[1] for found in VARIABLE.finditer((DOCKER / "compose.yaml").read_text("utf-8"))}
    assert used == set(example())


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What make-secrets.sh makes, in a copy of the folder."""
    folder = tmp_path_factory.mktemp("docker")
    shutil.copy(DOCKER / "make-secrets.sh", folder)
    done = subprocess.run([str(folder / "make-secrets.sh")], capture_output=True, text=True, check=False)
    assert done.returncode == (0 if os.getuid() == 0 else 1), done.stderr
    (folder / "said").write_text(done.stdout)
    return folder / "secrets"


def test_the_secrets_are_those_of_the_compose_file(secrets: Path) -> None:
    named = {name: entry["file"] for name, entry in compose["secrets"].items()}
    assert named == {path.name: f"./secrets/{path.name}" for path in secrets.iterdir()}
    for name in services:
        assert set(services[name].get("secrets", ())) <= set(named)


def test_secrets_are_long_random_and_made_once(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    for name in ("postgres_password", "app_token_secret", "telegram_secret_token", "console_secret"):
        assert re.fullmatch(r"[0-9a-f]{64}", before[name])
    assert before["postgres_password"] in before["store_url"] and len(set(before.values())) >= 6
    subprocess.run([str(secrets.parent / "make-secrets.sh")], capture_output=True, check=False)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert not [path.name for path in secrets.iterdir() if path.stat().st_mode & 0o077]


def test_the_handlers_token_is_shown_and_only_its_hash_kept(secrets: Path) -> None:
    [token] = re.findall(r"shown once: ([0-9a-f]{64})", (secrets.parent / "said").read_text())
    kept = (secrets / "console_handler_token_sha256").read_text()
    assert hashlib.sha256(token.encode()).hexdigest() == kept


def environment(name: str, values: Mapping[str, str], secrets: Path) -> dict[str, str]:
    """A service's INTAKE_ variables as the container has them, with secrets where this machine has them."""
    environ = {}
    for variable, value in services[name]["environment"].items():
        value = filled(value, values)
        if value.startswith("/run/secrets/"):
            assert value.removeprefix("/run/secrets/") in services[name]["secrets"], variable
            value = value.replace("/run/secrets", str(secrets))
        environ[variable] = value
    return environ


@pytest.mark.parametrize("name", OURS)
def test_the_settings_take_every_variable(name: str, secrets: Path) -> None:
    environ = environment(name, example(), secrets)
    settings = load_settings(REPO / "config", environ)
    assert (
        settings.store.url.startswith("postgresql+psycopg://intake:") and "@postgres/" in settings.store.url
    )
    assert settings.doors.public_url == example()["PUBLIC_URL"]
    assert not [variable for variable in environ if not variable.startswith("INTAKE_")]
    for kind in settings.channels:
        table = {key: value for key, value in settings.channels[kind].items() if key != "enabled"}
        assert not [problem for problem in channels.check(kind, table) if "unknown setting" in problem]


def test_a_variable_the_settings_do_not_know_would_be_found(secrets: Path) -> None:
    environ = environment("doors", example(), secrets) | {"INTAKE_DOORS__HTP_PORT": "1"}
    with pytest.raises(BadConfiguration, match="htp_port"):
        load_settings(REPO / "config", environ)
    assert any("unknown setting" in problem for problem in channels.check("app", {"token_secrte": "x"}))


@pytest.mark.parametrize("name", OURS)
def test_the_channels_open_with_the_example_and_with_all_of_them(name: str, secrets: Path) -> None:
    for values in (example(), example() | {f"{kind.upper()}_ENABLED": "true" for kind in channels.CHANNELS}):
        settings = load_settings(REPO / "config", environment(name, values, secrets))
        opened = {kind for kind in channels.CHANNELS if settings.is_enabled(kind)}
        wanted = {kind for kind in channels.CHANNELS if values[f"{kind.upper()}_ENABLED"] == "true"}
        only = {"doors": set(channels.CHANNELS) - {"email"}, "email-doors": {"email"}}
        assert opened == wanted & only.get(name, set(channels.CHANNELS))


def test_app_and_aml_need_no_more_than_the_secrets_we_make(secrets: Path) -> None:
    settings = load_settings(REPO / "config", environment("doors", example(), secrets))
    for kind in ("app", "aml"):
        table = {key: value for key, value in settings.channels[kind].items() if key != "enabled"}
        assert settings.is_enabled(kind) and channels.check(kind, table) == []


# -- commands, ports, order ----------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_commands_are_the_programs_own(name: str) -> None:
    word, *flags = services[name]["command"]
    parser = argparse.ArgumentParser(exit_on_error=False)
    COMMANDS[word].add_arguments(parser)
    arguments, rest = parser.parse_known_args(flags)
    assert rest == []
    assert set(getattr(arguments, "roles", ())) <= set(serve.ROLES)


def test_every_role_has_a_process_and_mail_one_of_its_own() -> None:
    roles = [services[name]["command"][-1] for name in OURS if services[name]["command"][0] == "serve"]
    assert sorted(roles) == sorted([*serve.ROLES, "doors"])


def test_ports_are_those_the_settings_listen_on() -> None:
    inside = {name: [port.rsplit(":", 1)[1] for port in services[name].get("ports", ())] for name in services}
    assert inside == {
        "postgres": [],
        "migrate": [],
        "workers": [],
        "doors": [str(DoorsSettings().http_port)],
        "email-doors": [str(DoorsSettings().smtp_port)],
        "console": [str(ConsoleSettings().port)],
    }
    exposed = next(rest.split() for name, rest in instructions() if name == "EXPOSE")
    assert sorted(exposed) == sorted(port for ports in inside.values() for port in ports)
    assert all(port.startswith("${BIND_ADDRESS}:") for s in services.values() for port in s.get("ports", ()))


def test_health_is_asked_where_each_process_answers() -> None:
    ports = {"doors": "8080", "email-doors": "8080", "console": str(ConsoleSettings().port)}
    ports["workers"] = services["workers"]["environment"]["INTAKE_WORKERS__HEALTH_PORT"]
    for name, port in ports.items():
        assert services[name]["healthcheck"]["test"] == ["CMD", "python3", "/opt/intake/healthcheck.py", port]
    assert (DOCKER / "healthcheck.py").is_file()


def test_nothing_starts_before_the_tables_are_there() -> None:
    for name in OURS:
        after = {key: value["condition"] for key, value in services[name]["depends_on"].items()}
        assert after["postgres"] == "service_healthy"
        assert name == "migrate" or after["migrate"] == "service_completed_successfully"


@pytest.mark.parametrize("name", sorted(services))
def test_every_container_can_do_as_little_as_possible(name: str) -> None:
    service = services[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] in ("unless-stopped", "on-failure")
    assert "privileged" not in service and "cap_add" not in service
    assert not [value for value in service["environment"].values() if "password" in str(value).lower()
                and not str(value).startswith("/run/secrets/")]  # fmt: skip


def test_the_database_is_not_reachable_from_outside() -> None:
    assert (
        services["postgres"]["networks"] == ["inside"] and compose["networks"]["inside"]["internal"] is True
    )
    assert services["postgres"]["volumes"] == ["postgres-data:/var/lib/postgresql"]


# -- the image -----------------------------------------------------------------------------------


def test_everything_copied_is_there_and_reaches_the_builder() -> None:
    let_in = {
        line.removeprefix("!")
        for line in (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    copied = [
        name
        for step, rest in instructions()
        if step == "COPY" and "--from" not in rest
        for name in rest.split()[:-1]
    ]
    assert [name for name in copied if not (REPO / name).exists()] == []
    assert set(copied) == let_in


def test_the_image_is_pinned_and_runs_as_nobody_special() -> None:
    steps = instructions()
    bases = [rest.split()[0] for name, rest in steps if name == "FROM"]
    assert all(re.fullmatch(r"python:3\.11-slim-bookworm(@sha256:[0-9a-f]{64})?", base) for base in bases)
    user = [rest for name, rest in steps if name == "USER"][-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert {"HEALTHCHECK", "ENTRYPOINT", "STOPSIGNAL"} <= {name for name, _ in steps}
    for _, rest in steps:
        for install in re.findall(r"pip install[^&]*", rest):
            assert "--require-hashes" in install or ("--no-deps" in install and "--no-index" in install)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-setup.lock", "docker/build.lock"])
def test_every_pin_has_a_hash_and_no_address(lock: str) -> None:
    text = (REPO / lock).read_text("utf-8")
    pins = re.split(r"\n(?=\S)", text.strip())
    assert pins and all("==" in pin and "--hash=sha256:" in pin for pin in pins)
    assert "://" not in text


def test_the_images_own_settings_load() -> None:
    env = {}
    for name, rest in instructions():
        if name == "ENV":
            env |= dict(pair.split("=", 1) for pair in rest.split())
    ours = {name: value for name, value in env.items() if name.startswith("INTAKE_")}
    settings = load_settings(REPO / "config", ours)
    assert (
        settings.store.url == "sqlite:////var/lib/intake/intake.db"
        and settings.doors.host == env["INTAKE_DOORS__HOST"]
    )


def test_secrets_stay_out_of_the_repository() -> None:
    ignored = (DOCKER / ".gitignore").read_text("utf-8").split()
    assert {"secrets/", "tls/", ".env"} <= set(ignored)
    assert not [name for name in example() if re.search("SECRET|TOKEN|PASSWORD|HMAC", name)]
