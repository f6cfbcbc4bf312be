"""One frozen Settings, read once: config/intake.toml < INTAKE_SECTION__KEY < INTAKE_SECTION__KEY_FILE."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from intake.errors import BadConfiguration
from intake.settings_table import read_table

TILE_TEMPLATE = (
    r"^$|^(?:https://|http://(?:127\.0\.0\.1|localhost|\[::1\])[:/])"
    r"(?=.*\{z\})(?=.*\{x\})(?=.*\{y\})(?!.*\{(?![zxy]\}))\S+$"
)
"""Where map tiles come from: https, or a server on this machine; nothing but z, x and y is filled in."""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    url: str = "sqlite:///var/intake.db"
    pool_size: int = 4


class DoorsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``public_url`` is what providers sign and the public sees; it is never taken from a request."""

    host: str = "127.0.0.1"
    http_port: int = 8080
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 8025
    public_url: str = "http://127.0.0.1:8080"
    read_timeout_s: float = 10.0
    tls_certificate: str = ""
    tls_key: str = ""


class ContactsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A caller's next message joins within ``silence_s``; a claim lasts ``lease_s`` unless renewed.
    Unreachable callers of priority 1 or 2 are tried again after ``stale_review_s``; ``stale_suggest_s``
    without an answer, and the desk suggests that mark."""

    silence_s: float = 4 * 3600
    lease_s: float = 15.0
    lease_limit_s: float = 900.0
    old_after_s: float = 15 * 60
    fixes_wait_s: float = 600.0
    stale_review_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 900.0
    stale_suggest_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 600.0


class WorkersSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``health_port`` serves /health and /metrics of a process that has no doors; 0 opens none.

    ``relays`` is how many attempts may be under way at one control room.
    """

    health_host: str = "127.0.0.1"
    health_port: int = 0
    poll_s: float = 0.5
    relays: int = 4
    sweep_every_s: float = 30.0
    sweep_back_s: float = 3600.0


class TransfersSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long to be patient with a room, in seconds; see ``intake/feeds/patience.py``."""

    connect_timeout_s: float = 3.0
    answer_timeout_s: float = 10.0
    first_retry_s: float = 1.0
    max_retry_s: float = 60.0
    buddy_after_s: float = 45.0
    hold_after_s: float = 180.0
    verdict_wait_s: float = 30.0


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identity provider, asked where ``issuer`` is set. ``role_map`` gives our role for each value of the
    claim ``role_claim``; who has none of them is refused. ``name`` stands on the button."""

    issuer: str = ""
    name: str = "single sign-on"
    client_id: str = ""
    client_secret: str = ""
    role_claim: str = "roles"
    role_map: dict[str, str] = {}
    scopes: str = "openid profile"
    timeout_s: float = 5.0


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``tokens`` maps a handler's name to the SHA-256 (hex) of the token that names them.

    ``libraries_dir`` is where npm put the libraries of the pages. ``secret`` seals second factors: without
    it there are no local accounts, with another one each must be enrolled again. A session is over
    ``session_s`` after its sign-in and ``session_idle_s`` after its last request; a page locks itself
    after ``idle_lock_s`` without key or pointer. ``public_url`` is the console's address as browsers see it
    (the identity provider sends people back there), ``trusted_proxies`` those in front whose word counts.
    ``answer_target_s`` and ``answer_window_s``: what "answered in target" counts. ``map_tiles`` is a server
    of map tiles, empty for none: it learns where callers are. ``attachment_…``: the most to fetch.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    libraries_dir: str = "node_modules"
    tokens: dict[str, str] = {}
    secret: Annotated[str, msgspec.Meta(pattern="^(.{32,})?$", description="empty, or 32 characters")] = ""
    session_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 12 * 3600.0
    session_idle_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 3600.0
    idle_lock_s: Annotated[float, msgspec.Meta(ge=1, le=3_600)] = 600.0
    answer_target_s: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 10.0
    answer_window_s: Annotated[float, msgspec.Meta(ge=60, le=86_400)] = 3600.0
    oidc: OidcSettings = OidcSettings()
    map_tiles: Annotated[
        str, msgspec.Meta(pattern=TILE_TEMPLATE, description="https with {z}, {x} and {y}")
    ] = ""
    map_tiles_attribution: str = ""
    attachment_limit_bytes: Annotated[int, msgspec.Meta(ge=1_000, le=100_000_000)] = 20_000_000
    attachment_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 20.0


class LinksSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Location links. ``secret`` makes their digests: without it there are none, with another one the
    links sent before are dead. ``automatic`` sends one to who wrote without a place and still has none
    after ``automatic_after_s``, but not later than ``automatic_within_s``."""

    secret: Annotated[str, msgspec.Meta(pattern="^(.{32,})?$", description="empty, or 32 characters")] = ""
    lifetime_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 86_400.0
    automatic: bool = False
    automatic_after_s: float = 20.0
    automatic_within_s: float = 900.0


class FeedsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Per room id: the shared secret that signs its feed, and a URL that outranks the register's."""

    secrets: dict[str, str] = {}
    urls: dict[str, str] = {}
    agency: str = "national-intake"


class LookupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a service outside is asked. Patience, rate and cache are those of one worker process.

    After ``rest_after_failures`` in a row it is left alone for ``rest_s``; a clue older than
    ``give_up_after_s`` is not asked for any more.
    """

    base_url: str = ""
    api_key: str = ""
    timeout_s: float = 4.0
    requests_per_s: float = 1.0
    at_once: int = 2
    cache_answers: int = 1000
    cache_found_s: float = 3600.0
    cache_nothing_s: float = 300.0
    rest_after_failures: int = 5
    rest_s: float = 30.0
    give_up_after_s: float = 900.0


class GeocoderSettings(LookupSettings, frozen=True, kw_only=True):
    """``provider``: nominatim | photon | pelias | os_places; empty asks nobody."""

    provider: str = ""
    user_agent: str = ""


class What3WordsSettings(LookupSettings, frozen=True, kw_only=True):
    """Asked only where ``api_key`` is set."""

    base_url: str = "https://api.what3words.com"


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    level: str = "info"
    format: str = "json"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an operator can set. ``channels`` holds one table a channel, checked by its adapter."""

    config_dir: Path = Path("config")
    data_dir: Path = Path("var/data")
    store: StoreSettings = StoreSettings()
    doors: DoorsSettings = DoorsSettings()
    contacts: ContactsSettings = ContactsSettings()
    workers: WorkersSettings = WorkersSettings()
    transfers: TransfersSettings = TransfersSettings()
    console: ConsoleSettings = ConsoleSettings()
    feeds: FeedsSettings = FeedsSettings()
    links: LinksSettings = LinksSettings()
    geocoder: GeocoderSettings = GeocoderSettings()
    what3words: What3WordsSettings = What3WordsSettings()
    log: LogSettings = LogSettings()
    channels: dict[str, dict[str, Any]] = {}

    def is_enabled(self, kind: str) -> bool:
        """Whether a channel's table opens it; the environment can only say so in words."""
        return str(self.channels.get(kind, {}).get("enabled", False)).lower() in ("true", "1", "yes")


SECTIONS: Mapping[str, type[msgspec.Struct]] = {
    "store": StoreSettings,
    "doors": DoorsSettings,
    "contacts": ContactsSettings,
    "workers": WorkersSettings,
    "transfers": TransfersSettings,
    "console": ConsoleSettings,
    "feeds": FeedsSettings,
    "links": LinksSettings,
    "geocoder": GeocoderSettings,
    "what3words": What3WordsSettings,
    "log": LogSettings,
}
OUTSIDE = {"INTAKE_CONFIG", "INTAKE_DATA_DIR", "INTAKE_TOKEN"}
"""Variables that are not a section's key; names with INTAKE_TEST_ belong to the tests."""


def load_settings(config_dir: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises BadConfiguration with every problem found, not the first (law 18)."""
    environ = os.environ if environ is None else environ
    folder = config_dir or Path(environ.get("INTAKE_CONFIG", "config"))
    problems: list[str] = []
    tree = _read_toml(folder / "intake.toml", problems)
    _overlay(tree, environ, problems)
    sections = {name: _section(name, kind, tree.pop(name, {}), problems) for name, kind in SECTIONS.items()}
    channels = tree.pop("channels", {})
    problems += [f"intake.toml: unknown section [{name}]" for name in tree]
    if problems:
        raise BadConfiguration(problems)
    return Settings(
        config_dir=folder,
        data_dir=Path(environ.get("INTAKE_DATA_DIR", "var/data")),
        channels=channels,
        **sections,
    )


def _read_toml(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        problems.append(f"{path}: there is no such file; name the folder with --config or INTAKE_CONFIG")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path}: {error}")
    return {}


def _overlay(tree: dict[str, Any], environ: Mapping[str, str], problems: list[str]) -> None:
    """Lay the environment over the file; a name ending in _FILE holds a path whose content is the value."""
    for name in sorted(environ):
        if not name.startswith("INTAKE_") or name in OUTSIDE or name.startswith("INTAKE_TEST_"):
            continue
        value, path = environ[name], name.removeprefix("INTAKE_")
        if path.endswith("_FILE"):
            path = path.removesuffix("_FILE")
            try:
                value = Path(value).read_text("utf-8").strip()
            except OSError as error:
                problems.append(f"{name}: cannot read {value!r}: {error.strerror}")
                continue
        parts = path.lower().split("__")
        if len(parts) < 2 or (parts[0] not in SECTIONS and parts[0] != "channels"):
            problems.append(f"{name}: no such setting; names are INTAKE_SECTION__KEY, as INTAKE_STORE__URL")
            continue
        if parts[0] == "feeds" and len(parts) == 3:
            parts[2] = parts[2].replace("_", "-")  # room ids have hyphens, variables cannot
        table = tree
        for part in parts[:-1]:
            table = table.setdefault(part, {})
        table[parts[-1]] = _list_or_text(name, value, problems)


def _list_or_text(name: str, value: str, problems: list[str]) -> Any:
    """A list is written as in the file: ["+447700900000", "+447700900001"]."""
    if not value.startswith("["):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        problems.append(f"{name}: not a list: {error}")
        return value


def _section(name: str, kind: type[msgspec.Struct], table: Any, problems: list[str]) -> Any:
    if not isinstance(table, dict):
        problems.append(f"intake.toml: [{name}] must be a table")
        return kind()
    try:
        return read_table(table, kind, name)
    except BadConfiguration as error:
        problems += error.problems
        return kind()
