"""The image's own steps, run in a clean root: what they leave behind works, and by itself.

There is no Docker engine here, so the Dockerfile is read and its steps are done: in a fresh folder with
every absolute path moved into it, or, with INTAKE_TEST_CLEAN_ROOT=1 (`make docker-check`, as root, about
three minutes), in a new Debian bookworm made by debootstrap, entered by chroot, as the image's own user.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
CHROOT = os.environ.get("INTAKE_TEST_CLEAN_ROOT") == "1"
PYTHON_FOR_FOLDER = Path(sys.executable).resolve().parent
pytestmark = pytest.mark.timeout(900)


def stages() -> list[list[tuple[str, str]]]:
    """The Dockerfile's instructions, by stage, with continued lines joined."""
    text = (REPO / "docker" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            if name == "FROM":
                found.append([])
            found[-1].append((name, rest.strip()))
    return found


class Root:
    """A folder that stands for the image's file system."""

    def __init__(self, path: Path):
        self.path = path
        self.folder = "/"
        self.user: str | None = None
        self.env: dict[str, str] = {}

    def at(self, path: str) -> Path:
        return self.path / str(Path(self.folder) / path).lstrip("/")

    def moved(self, text: str) -> str:
        """The image's own paths, as they are called from outside."""
        if CHROOT:
            return text
        for top in ("/opt/", "/src", "/etc/intake", "/var/lib/intake"):
            text = text.replace(top, f"{self.path}{top}")
        return text

    def command(self, script: str) -> list[str]:
        shell = ["sh", "-ec", f"cd {shlex.quote(self.moved(self.folder))}; {self.moved(script)}"]
        if not CHROOT:
            return shell
        user = ["--userspec", self.user] if self.user else []
        return [shutil.which("chroot") or "chroot", *user, str(self.path), *shell]

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """The machine's own way to its package index, the image's ENV, and nothing else of ours."""
        kept = ("PIP_", "UV_", "SSL_", "NODE_EXTRA_CA", "HTTP", "NO_PROXY", "http", "no_proxy")
        env = {name: value for name, value in os.environ.items() if name.startswith(kept)}
        if not CHROOT and "HOME" in os.environ:
            env["HOME"] = os.environ["HOME"]
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        env["PATH"] = path if CHROOT else f"{PYTHON_FOR_FOLDER}:{path}"
        env |= {name: self.moved(value) for name, value in (self.env | more).items()}
        return env

    def run(self, script: str, **more: str) -> str:
        done = subprocess.run(
            self.command(script), env=self.environment(more), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def do(self, name: str, rest: str, built: Root) -> None:
        """One instruction of the Dockerfile."""
        if name == "WORKDIR":
            self.folder = rest
            self.at(".").mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            self._copy(rest.split(), built)
        elif name == "ENV":
            self.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif name == "USER":
            self.user = rest
        elif name == "RUN" and (CHROOT or "useradd" not in rest):
            self.run(rest)

    def _copy(self, words: list[str], built: Root) -> None:
        source = REPO
        if words[0] == "--from=build":
            source, words = built.path, [words[1], words[2]]
        *names, target = words
        for name in names:
            start = source / name.lstrip("/")
            end = self.at(target) / start.name if target.endswith("/") else self.at(target)
            end.parent.mkdir(parents=True, exist_ok=True)
            if start.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(start, end, symlinks=True, ignore=None if source is not REPO else ignore)
            else:
                shutil.copy2(start, end)


def bookworm(path: Path) -> None:
    """A minimal Debian, with what the base image brings, and this machine's way to the network."""
    packages = "python3,python3-venv,ca-certificates,tzdata"
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(path)],
        check=True, capture_output=True,
    )  # fmt: skip
    for name in ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(name).exists():
            shutil.copy(name, path / name.lstrip("/"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """The final stage's file system, after every step of both stages."""
    folder = tmp_path_factory.mktemp("image")
    build, final = Root(folder / "build"), Root(folder / "final")
    if CHROOT:
        bookworm(build.path)
        subprocess.run(["cp", "-a", str(build.path), str(final.path)], check=True)
    first, last = stages()
    for name, rest in first:
        build.do(name, rest, build)
    if not CHROOT:
        # In the image both stages' paths are the same; here they differ, and scripts hold their own path.
        (final.path / "opt").mkdir(parents=True)
        (build.path / "opt/intake").rename(final.path / "opt/intake")
        for script in (final.path / "opt/intake/bin").iterdir():
            if script.is_file() and not script.is_symlink():
                script.write_text(
                    script.read_text("utf-8").replace(str(build.path), str(final.path)), "utf-8"
                )
        last = [(name, rest) for name, rest in last if "--from=build" not in rest]
    for name, rest in last:
        final.do(name, rest, build)
    final.at("/var/lib/intake").mkdir(parents=True, exist_ok=True)
    yield final
    shutil.rmtree(folder, ignore_errors=True)


EVERY_MODULE = """
import importlib, pkgutil, sys
import channels, intake
names = [m.name for p in (intake, channels) for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
for name in names:
    if ".migrations" not in name and not name.endswith("__main__"):
        importlib.import_module(name)
assert not [m for m in sys.modules if m in ("pytest", "mypy", "hypothesis", "pip")], "a development package"
print(len(names), intake.__file__)
"""


def test_every_module_and_data_file_is_there_without_the_repository(image: Root) -> None:
    count, where = image.run(f"python3 -c {shlex.quote(EVERY_MODULE)}").split()
    assert int(count) > 50
    assert "/opt/intake/lib" in where and str(REPO) not in where
    assert "London" in image.run("python3 -c 'from intake.regions import regions; print(regions())'")


def test_nothing_but_what_the_lock_names_is_installed(image: Root) -> None:
    listing = "import importlib.metadata as m; print(*sorted({d.name.lower() for d in m.distributions()}))"
    installed = set(image.run(f'python3 -c "{listing}"').replace("_", "-").split())
    locked = {
        line.partition("==")[0].partition("[")[0].lower()
        for line in (REPO / "requirements.lock").read_text("utf-8").splitlines()
        if "==" in line and not line.startswith(" ")
    }
    assert installed <= locked | {"national-intake"} and "aiohttp" in installed
    assert not {"pip", "setuptools", "uv", "pytest"} & installed


def test_the_postcodes_are_built_in(image: Root) -> None:
    assert (image.at("/opt/intake/data") / "postcodes.npy").stat().st_size > 1_000_000


@pytest.mark.parametrize(
    ("role", "port_setting"),
    [
        ("doors", "INTAKE_DOORS__HTTP_PORT"),
        ("workers", "INTAKE_WORKERS__HEALTH_PORT"),
        ("console", "INTAKE_CONSOLE__PORT"),
    ],
)
def test_each_role_serves_by_itself_and_says_it_is_well(image: Root, role: str, port_setting: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        port_setting: str(port),
        "INTAKE_DOORS__HOST": "127.0.0.1",
        "INTAKE_CONSOLE__HOST": "127.0.0.1",
        "INTAKE_CONSOLE__TOKENS__HANDLER": "0" * 64,
        "INTAKE_CHANNELS__APP__ENABLED": "true",
        "INTAKE_CHANNELS__APP__TOKEN_SECRET": "not-a-secret-" * 4,
    }
    image.run("intake migrate", **settings)
    check = image.command(f"python3 /opt/intake/healthcheck.py {port}")
    env = image.environment({})
    server = subprocess.Popen(
        image.command(f"exec intake serve --roles {role}"), env=image.environment(settings),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        for _ in range(150):
            well = subprocess.run(check, env=env, capture_output=True, text=True, check=False)
            if well.returncode == 0 or server.poll() is not None:
                break
            time.sleep(0.2)
    finally:
        server.terminate()
        output, _ = server.communicate(timeout=20)
    assert well.returncode == 0, (well.stderr, output)
    assert server.returncode == 0, output
    assert any(json.loads(line).get("event") == "ready" for line in output.splitlines() if line[:1] == "{")
    # With nobody there, the same check fails: it can.
    assert subprocess.run(check, env=env, capture_output=True, check=False).returncode == 1


def test_the_user_is_nobody_special(image: Root) -> None:
    assert image.user == "10999:10999"
    if CHROOT:
        assert image.run("id -u").strip() == "10999"
        assert (
            image.run("test -w /opt/intake || test -w /etc/intake || echo read-only").strip() == "read-only"
        )
