"""Where passkeys can be, and what a device knows an account by."""

from __future__ import annotations

import pytest

from intake.console.sign_in.ceremony import RelyingParty
from intake.console.sign_in.second_factor import Sealed
from tests.people import SECRET


@pytest.mark.parametrize(
    ("address", "origin", "domain"),
    [
        ("https://desk.example.org", "https://desk.example.org", "desk.example.org"),
        ("https://Desk.Example.org:443/console/", "https://desk.example.org", "desk.example.org"),
        ("https://desk.example.org:8443", "https://desk.example.org:8443", "desk.example.org"),
        ("https://bücher.example", "https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://localhost:8090", "http://localhost:8090", "localhost"),
    ],
)
def test_passkeys_are_made_for_the_console_s_own_name(address: str, origin: str, domain: str) -> None:
    made = RelyingParty.at(address)
    assert made is not None
    assert (made.origin, made.ask().options["publicKey"]["rpId"]) == (origin, domain)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "desk.example.org",
        "http://desk.example.org",
        "http://127.0.0.1:8090",
        "https://127.0.0.1",
        "https://[::1]:8090",
        "https://10.1",
        "https://192.0.2.7.",
        "http://localhost.example.org",
    ],
)
def test_browsers_make_no_passkeys_for_an_ip_address_or_without_tls(address: str) -> None:
    assert RelyingParty.at(address) is None


def test_what_a_device_knows_an_account_by_is_the_same_each_time_and_tells_no_name() -> None:
    ada = Sealed(SECRET).handle("ada")
    assert ada == Sealed(SECRET).handle("ada") and len(ada) == 43
    assert len({ada, Sealed(SECRET).handle("bea"), Sealed(SECRET + "x").handle("ada")}) == 3
