"""Where one run of the demo lives: its folder, its ports and its secrets, all made fresh."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import trustme

from intake.demo.people import Account, make_people
from intake.simulate.outside import Doors

HOST = "127.0.0.1"
ROOMS = (
    "fire-west-yorkshire",
    "ambulance-welsh",
    "coastguard",
    "police-devon-and-cornwall",
    "police-staffordshire",
)
"""The control rooms the evening needs, as the register names them."""

HANDLER, VISITOR = "desk-1", "desk-2"
"""The simulated call handler, and you."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    (
        """One run. ``tokens`` are the handlers', by name; ``room_secrets`` are shared with the rooms;
    ``people`` may sign in."""
        ""
    )

    folder: Path
    data_dir: Path
    doors: Doors
    http_port: int
    console_port: int
    app_secret: str
    tokens: Mapping[str, str]
    room_secrets: Mapping[str, str]
    console_secret: str
    people: tuple[Account, ...]

    @property
    def config_dir(self) -> Path:
        return self.folder / "config"

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.folder / 'intake.db'}"

    @property
    def console_url(self) -> str:
        return f"http://{HOST}:{self.console_port}"


def make_setting(folder: Path, data_dir: Path) -> Setting:
    """Fresh secrets, free ports and a certificate authority of its own in ``folder``."""
    http_port, smtp_port, console_port = free_ports(3)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    (folder / "server.pem").chmod(0o600)
    doors = Doors(
        http_url=f"http://{HOST}:{http_port}",
        smtp_host=HOST,
        smtp_port=smtp_port,
        smtp_authority=str(folder / "ca.pem"),
        number="+447700900999",
        mailbox="999@intake.example.org",
        account_sid="AC" + secrets.token_hex(16),
        auth_token=secrets.token_hex(16),
        bot_token=f"{secrets.randbelow(10**10)}:{secrets.token_urlsafe(27)}",
        webhook_secret=secrets.token_urlsafe(32),
        aml_key=secrets.token_urlsafe(32),
        aml_token=secrets.token_urlsafe(32),
    )
    return Setting(
        folder=folder,
        data_dir=data_dir,
        doors=doors,
        http_port=http_port,
        console_port=console_port,
        app_secret=secrets.token_urlsafe(32),
        tokens={name: secrets.token_urlsafe(32) for name in (HANDLER, VISITOR)},
        room_secrets={room: secrets.token_urlsafe(32) for room in ROOMS},
        console_secret=secrets.token_urlsafe(48),
        people=make_people(VISITOR),
    )


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different because all are held at once."""
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def relay_tls(setting: Setting) -> ssl.SSLContext:
    """The mail relay's certificate, by the same authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(setting.folder / "server.pem")
    return context


def write_config(
    setting: Setting,
    original: Path,
    twilio_url: str,
    bot_api_url: str,
    relay_port: int,
    media_host: str,
) -> None:
    """The configuration of this run: the checkout's own, but for ``intake.toml``. It holds no secret."""
    setting.config_dir.mkdir()
    for path in original.resolve().iterdir():
        if path.name != "intake.toml":
            (setting.config_dir / path.name).symlink_to(path)
    doors = setting.doors
    tables: dict[str, dict[str, Any]] = {
        "store": {"url": setting.store_url},
        "doors": {
            "host": HOST,
            "http_port": setting.http_port,
            "smtp_host": HOST,
            "smtp_port": doors.smtp_port,
            "public_url": doors.http_url,
            "tls_certificate": str(setting.folder / "server.pem"),
        },
        "console": {"host": HOST, "port": setting.console_port},
        "console.tokens": {
            name: hashlib.sha256(token.encode()).hexdigest() for name, token in setting.tokens.items()
        },
        "channels.sms": {
            "enabled": True,
            "account_sid": doors.account_sid,
            "numbers": [doors.number],
            "api_base": twilio_url,
            "media_hosts": [media_host],
        },
        "channels.app": {"enabled": True},
        "channels.telegram": {"enabled": True, "api_base": bot_api_url},
        "channels.email": {
            "enabled": True,
            "mailboxes": [doors.mailbox],
            "relay_host": HOST,
            "relay_port": relay_port,
            "relay_start_tls": "always",
            "relay_ca_file": doors.smtp_authority,
        },
        "channels.aml": {"enabled": True},
    }
    lines = ["# Written by `intake demo`; secrets come by environment variables."]
    for name, table in tables.items():
        # JSON's strings, numbers and lists of them are TOML's too.
        lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    (setting.config_dir / "intake.toml").write_text("\n".join(lines) + "\n", "utf-8")


def environment(setting: Setting, feed_urls: Mapping[str, str]) -> dict[str, str]:
    """What the intake's process is given: our own variables without anybody else's ``INTAKE_``."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE_")}
    doors = setting.doors
    own = {
        "INTAKE_DATA_DIR": str(setting.data_dir.resolve()),
        "INTAKE_CHANNELS__SMS__AUTH_TOKEN": doors.auth_token,
        "INTAKE_CHANNELS__APP__TOKEN_SECRET": setting.app_secret,
        "INTAKE_LINKS__SECRET": secrets.token_urlsafe(32),
        "INTAKE_CONSOLE__SECRET": setting.console_secret,
        "INTAKE_CHANNELS__TELEGRAM__BOT_TOKEN": doors.bot_token,
        "INTAKE_CHANNELS__TELEGRAM__SECRET_TOKEN": doors.webhook_secret,
        "INTAKE_CHANNELS__AML__HMAC_KEY": doors.aml_key,
        "INTAKE_CHANNELS__AML__SMS_TOKEN": doors.aml_token,
    }
    for room, secret in setting.room_secrets.items():
        variable = room.replace("-", "_").upper()
        own[f"INTAKE_FEEDS__SECRETS__{variable}"] = secret
        own[f"INTAKE_FEEDS__URLS__{variable}"] = feed_urls[room]
    return inherited | own
