"""`make bench`: our doors beside named yardsticks, in one interleaved run, medians of the rounds.

The load runs in a process of its own, every server in another. Ratios hold between machines, absolute
figures do not. Writes the table into tests/bench/README.md between its markers.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(HERE)]

import prepared  # noqa: E402
from database import running_postgresql  # noqa: E402

README = HERE / "README.md"
START, END = "<!-- bench:start -->", "<!-- bench:end -->"
BIN = Path(sys.executable).parent

Make = Callable[[int], list[bytes]]
Result = dict[str, float]


class Server:
    """One process under test and how it is loaded."""

    def __init__(self, label: str, port: int, make: Make, *, smtp: bool = False):
        self.label, self.port, self.make, self.smtp = label, port, make, smtp


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: list[str], ports: list[int], env: dict[str, str] | None = None) -> Iterator[None]:
    started = subprocess.Popen(command, env={**os.environ, **(env or {})}, cwd=ROOT)
    try:
        for port in ports:
            _wait_for(port, started)
        yield
    finally:
        started.terminate()
        started.wait(20)


def _wait_for(port: int, started: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if started.poll() is not None:
            raise SystemExit(f"{started.args!r} ended with {started.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing listens on {port}")


SLOW_SYNC = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"]
SLOW_SYNC += ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:delay_exit=2000"]
"""In front of a command: its disk takes 2 ms more to sync, as disks in data centres do."""


def yardstick(stack: ExitStack, kind: str, folder: Path, before: list[str] | None = None) -> int:
    port = free_port()
    database = folder / f"{kind}{'-slow' if before else ''}.db"
    command = [*(before or []), sys.executable, str(HERE / "yardsticks.py"), kind, str(port), str(database)]
    stack.enter_context(process(command, [port]))
    return port


def intake(stack: ExitStack, store_url: str, before: list[str] | None = None) -> tuple[int, int, str]:
    """`intake serve --roles doors` on a store; returns its HTTP and SMTP ports and public URL."""
    http, smtp = free_port(), free_port()
    public_url = f"http://127.0.0.1:{http}"
    settings = {
        "STORE__URL": store_url,
        "DOORS__HTTP_PORT": str(http),
        "DOORS__SMTP_PORT": str(smtp),
        "DOORS__PUBLIC_URL": public_url,
        "LOG__LEVEL": "error",
        "CHANNELS__APP__ENABLED": "true",
        "CHANNELS__APP__TOKEN_SECRET": "bench-" * 8,
        "CHANNELS__SMS__ENABLED": "true",
        "CHANNELS__SMS__ACCOUNT_SID": prepared.ACCOUNT,
        "CHANNELS__SMS__AUTH_TOKEN": prepared.AUTH_TOKEN,
        "CHANNELS__SMS__NUMBERS": f'["{prepared.OUR_NUMBER}"]',
        "CHANNELS__EMAIL__ENABLED": "true",
        "CHANNELS__EMAIL__MAILBOXES": '["999@intake.example.org"]',
    }
    env = {f"INTAKE_{name}": value for name, value in settings.items()}
    command = [*(before or []), str(BIN / "intake"), "serve", "--roles", "doors"]
    stack.enter_context(process(command, [http, smtp], env))
    time.sleep(3)  # what loads behind the doors is not part of the measurement
    return http, smtp, public_url


def load(server: Server, connections: int, count: int, folder: Path, rate: float = 0) -> Result:
    path = folder / "requests"
    path.write_bytes(pickle.dumps(server.make(count)))
    command = [sys.executable, str(HERE / "load.py"), "--port", str(server.port), "--requests", str(path)]
    command += ["--connections", str(connections), "--rate", str(rate)] + (["--smtp"] if server.smtp else [])
    result: Result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    if result["wrong"]:
        raise SystemExit(f"{server.label}: {result['wrong']:.0f} answers were not 2xx")
    return result


def measure(args: argparse.Namespace, folder: Path, stack: ExitStack) -> dict[tuple[str, str], Result]:
    hello = Server("a", yardstick(stack, "hello", folder), prepared.hello)
    single = Server("d", yardstick(stack, "single", folder), prepared.hello)
    bare_smtp = Server("e0", yardstick(stack, "smtp", folder), prepared.mail, smtp=True)
    servers = [hello]
    for name, url in (
        ("sqlite", f"sqlite:///{folder}/intake.db"),
        ("postgresql", stack.enter_context(running_postgresql())),
    ):
        if name == "postgresql":
            env = {"INTAKE_STORE__URL": url}
            subprocess.run([str(BIN / "intake"), "migrate"], check=True, env={**os.environ, **env}, cwd=ROOT)
        http, smtp, public_url = intake(stack, url)
        servers.append(Server(f"b {name}", http, prepared.app))
        servers.append(Server(f"c {name}", http, lambda n, at=public_url: prepared.sms(n, at)))
        servers.append(Server(f"e {name}", smtp, prepared.mail, smtp=True))
    plan: list[tuple[str, Server, int, int, float]] = []
    for server in [*servers, single, bare_smtp]:
        if server.smtp:
            plan.append(("16", server, 16, args.count // 4, 0))
            continue
        for connections in (64, 256):
            count = args.count // 8 if server is single else args.count
            plan.append((str(connections), server, connections, count, 0))
        if server is not single:
            plan.append(("1,000/s", server, 64, args.seconds * 1000, 1000))
    if shutil.which("strace"):
        slow_single = Server("d slow", yardstick(stack, "single", folder, SLOW_SYNC), prepared.hello)
        http, _, _ = intake(stack, f"sqlite:///{folder}/intake-slow.db", SLOW_SYNC)
        for connections in (64, 256):
            plan.append((str(connections), slow_single, connections, args.count // 16, 0))
            plan.append((str(connections), Server("b slow", http, prepared.app), connections, args.count, 0))
    found: dict[tuple[str, str], list[Result]] = {}
    for name, server, connections, _, _ in plan:
        load(server, connections, 500, folder)  # warm
        del name
    for number in range(args.rounds):
        for name, server, connections, count, rate in plan:
            print(f"round {number + 1}/{args.rounds}: {server.label} at {name}   ", end="\r", file=sys.stderr)
            found.setdefault((server.label, name), []).append(load(server, connections, count, folder, rate))
    return {
        key: {field: statistics.median(one[field] for one in results) for field in results[0]}
        for key, results in found.items()
    }


LABELS = {
    "a": "(a) bare aiohttp “hello” POST",
    "b sqlite": "(b) app door, SQLite",
    "b postgresql": "(b) app door, PostgreSQL",
    "c sqlite": "(c) SMS door with signature, SQLite",
    "c postgresql": "(c) SMS door with signature, PostgreSQL",
    "d": "(d) aiohttp + SQLite, one row a COMMIT",
    "b slow": "(b) app door, SQLite, 2 ms more a sync",
    "d slow": "(d) one row a COMMIT, 2 ms more a sync",
    "e0": "(e) bare aiosmtpd, keeps nothing",
    "e sqlite": "(e) SMTP door, SQLite",
    "e postgresql": "(e) SMTP door, PostgreSQL",
}
AIMS = {
    ("b sqlite", "64"): 0.30,
    ("b sqlite", "256"): 0.50,
    ("b postgresql", "64"): 0.25,
    ("b postgresql", "256"): 0.45,
}


def rows(results: dict[tuple[str, str], Result]) -> list[list[str]]:
    made = []
    for (label, name), one in results.items():
        base = results[("e0" if label.startswith("e") else "a", name)]
        ratio = one["per_s"] / base["per_s"]
        aim = AIMS.get((label, name))
        against = f"{ratio:.2f}" if "/s" not in name else f"p99 × {one['p99_ms'] / base['p99_ms']:.1f}"
        note = "" if aim is None else f"aim ≥ {aim:.2f}: {'met' if ratio >= aim else 'missed'}"
        if "/s" in name and label.startswith("b"):
            met = one["p99_ms"] <= 3 * base["p99_ms"]
            note = f"aim p99 ≤ 3 ×: {'met' if met else 'missed'}"
        made.append(
            [
                LABELS[label],
                name,
                f"{one['per_s']:,.0f}",
                f"{one['p50_ms']:.1f}",
                f"{one['p99_ms']:.1f}",
                against,
                note,
            ]
        )
    for engine, single in (("sqlite", "d"), ("postgresql", "d"), ("slow", "d slow")):
        for connections in ("64", "256"):
            if (single, connections) not in results:
                continue
            times = results[f"b {engine}", connections]["per_s"] / results[single, connections]["per_s"]
            note = f"aim ≥ 5 ×: {'met' if times >= 5 else 'missed'}" if engine != "postgresql" else ""
            made.append([f"(b) {engine} against ({single})", connections, "", "", "", f"× {times:.1f}", note])
    return made


HEAD = ["server", "connections", "a second", "p50 ms", "p99 ms", "ratio to (a) or bare", "aim"]


def publish(made: list[list[str]], args: argparse.Namespace) -> None:
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(row) + " |" for row in made]
    said = (
        f"`make bench` on {time.strftime('%Y-%m-%d')}: {args.rounds} interleaved rounds, "
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}.\n\n"
    )
    text = README.read_text("utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{START}\n{said}{chr(10).join(lines)}\n{END}{after}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=8000, help="requests a round and server")
    parser.add_argument("--seconds", type=int, default=4, help="of each open-loop round")
    parser.add_argument("--no-write", action="store_true", help="leave README.md as it is")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="intake-bench-"))
    try:
        with ExitStack() as stack:
            made = rows(measure(args, folder, stack))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table = Table(*HEAD, title="Accepting one contact")
    for row in made:
        table.add_row(*row)
    Console(width=150).print(table)
    if not args.no_write:
        publish(made, args)


if __name__ == "__main__":
    main()
