"""Passwords, second factors, bounds on guessing, and what the settings of signing in must be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.commands.check import problems_in
from intake.console.peers import Proxies
from intake.console.roles import Role, is_handler_name
from intake.console.sign_in import passwords, second_factor
from intake.console.sign_in.second_factor import Sealed
from intake.console.sign_in.sessions import csrf_of, digest
from intake.console.sign_in.throttle import KNOWN_PEERS, PEER_FAILURES, Throttle, network_of
from intake.console.wording import load_words
from intake.errors import BadConfiguration
from tests.people import SECRET

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CONFIG = Path(__file__).parents[2] / "config"
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("password", "trouble"),
    [
        ("seven brown otters", ""),
        ("tri gair Cymraeg", ""),
        ("纽约伦敦巴黎东京柏林罗马", ""),
        ("elevenchars", "password_short"),
        ("", "password_short"),
        ("x" * 257, "password_long"),
        ("Password1234", "password_common"),
        ("123456789012", "password_common"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_common"),
        ("abababababab", "password_common"),
        ("katherine.joneskatherine.jones", "password_name"),
        ("Katherine.Jones1", "password_name"),
        ("katherine.jones sails", "password_name"),
        ("katherine.jones likes sailing", ""),
    ],
)
def test_a_password_is_held_to_its_length_and_against_the_commonest(password: str, trouble: str) -> None:
    assert passwords.trouble_with(password, "katherine.jones") == trouble
    assert not trouble or f"sign_in.{trouble}" in load_words()["cy"]


def test_every_listed_password_would_pass_the_other_rules() -> None:
    assert not [one for one in passwords.COMMON if len(one) < passwords.SHORTEST]


def test_the_same_letters_are_the_same_password_on_every_keyboard() -> None:
    composed, decomposed = "tŷ ger y llyn mawr", "ty\u0302 ger y llyn mawr"
    assert composed != decomposed
    assert passwords.verify(passwords.hash_password(composed), decomposed)


@pytest.mark.parametrize(
    ("remote", "forwarded", "peer"),
    [
        ("192.0.2.9", [], "192.0.2.9"),
        ("192.0.2.9", ["198.51.100.1"], "192.0.2.9"),  # a stranger says so
        ("10.0.0.5", [], "10.0.0.5"),
        ("10.0.0.5", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.5", ["203.0.113.7, 198.51.100.1"], "198.51.100.1"),  # written before it came to us
        ("10.0.0.5", ["203.0.113.7", "198.51.100.1 , 10.0.0.6"], "198.51.100.1"),
        ("10.0.0.5", ["10.0.0.7, 198.51.100.1, 10.0.0.6"], "198.51.100.1"),
        ("10.0.0.5", ["10.0.0.7"], "10.0.0.7"),
        ("10.0.0.5", ["unknown"], "10.0.0.5"),
        ("10.0.0.5", ["198.51.100.1, , 10.0.0.6"], "10.0.0.6"),
        ("::ffff:10.0.0.5", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("2001:db8::5", ["2001:db8:1::9"], "2001:db8:1::9"),
        ("", ["198.51.100.1"], ""),
        ("not an address", ["198.51.100.1"], "not an address"),
    ],
)
def test_a_peer_is_whom_the_last_trusted_proxy_names(remote: str, forwarded: list[str], peer: str) -> None:
    assert Proxies(["10.0.0.0/24", "2001:db8::5"]).peer(remote, forwarded) == peer
    assert Proxies().peer(remote, forwarded) == remote


@pytest.mark.parametrize("kept", ["", "not a hash", "$argon2id$v=19$m=8", "\x00"])
def test_an_account_without_a_password_takes_none(kept: str) -> None:
    for tried in ("", "nobody has this password, or has them", "x"):
        assert not passwords.verify(kept, tried)


def test_a_long_password_is_not_cut_where_it_is_checked() -> None:
    longest = "ab3d" * (passwords.LONGEST // 4)
    kept = passwords.hash_password(longest)
    assert passwords.verify(kept, longest)
    assert not passwords.verify(kept, longest + "x")


def test_codes_are_those_of_rfc_6238() -> None:
    # Appendix B, SHA-1, its last six of eight digits.
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        moment = datetime.fromtimestamp(seconds, UTC)
        assert second_factor.step_of(RFC_SECRET, code, moment) == seconds // 30
        assert second_factor.step_of(RFC_SECRET, f" {code[:3]} {code[3:]}", moment) == seconds // 30


@pytest.mark.parametrize(
    "code", ["", "28708", "2870822", "abcdef", "٢٨٧٠٨٢", "------", "287082x", "-1", "+28708"]
)
def test_what_is_no_code_is_refused(code: str) -> None:
    assert second_factor.step_of(RFC_SECRET, code, datetime.fromtimestamp(59, UTC)) is None


def test_nobody_has_no_code() -> None:
    for secret in (None, ""):
        for number in range(50):
            assert second_factor.step_of(secret or None, f"{number:06}", NOON) is None


def test_a_sealed_secret_opens_with_its_own_key_and_name_alone() -> None:
    sealed = Sealed(SECRET).close("JBSWY3DP", "ada")
    assert Sealed(SECRET).open(sealed, "ada") == "JBSWY3DP"
    assert Sealed(SECRET).open(sealed, "bea") is None
    assert Sealed(SECRET[::-1]).open(sealed, "ada") is None
    assert Sealed(SECRET).close("JBSWY3DP", "ada") != sealed
    flipped = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]
    for damaged in (flipped, sealed[:20], "", "1.", "1.***", "2." + sealed[2:], "1.é"):
        assert Sealed(SECRET).open(damaged, "ada") is None
    with pytest.raises(BadConfiguration):
        Sealed("short")


def test_the_csrf_token_tells_nothing_of_what_is_kept() -> None:
    token = "t" * 43
    assert len({token, digest(token), csrf_of(token), csrf_of(digest(token))}) == 4


def test_a_senders_whole_network_is_one_sender() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert len(network_of("x" * 500)) == 64


def test_what_a_process_remembers_of_guessing_is_bounded() -> None:
    throttle = Throttle()
    for number in range(KNOWN_PEERS + 500):
        throttle.begin(f"peer-{number}", NOON)
        throttle.begin_key(f"name-{number}", NOON)
    assert len(throttle._peers) <= KNOWN_PEERS and len(throttle._keys) <= KNOWN_PEERS


def test_right_attempts_cost_an_address_nothing() -> None:
    throttle = Throttle()
    for _ in range(PEER_FAILURES * 3):
        assert throttle.begin("192.0.2.1", NOON) is None
        throttle.forgive("192.0.2.1")
    for _ in range(PEER_FAILURES):
        assert throttle.begin("192.0.2.1", NOON) is None
    assert throttle.begin("192.0.2.1", NOON) == NOON + timedelta(seconds=60)


@pytest.mark.parametrize(
    "name", ["", "Ada", "a b", "intake", "../x", "-a", "a" * 41, "é", "a\n", "123456789", "x07700900123"]
)
def test_what_cannot_be_a_name(name: str) -> None:
    assert not is_handler_name(name)


def test_every_role_has_a_name_in_both_languages() -> None:
    for said in load_words().values():
        assert all(f"sign_in.role_{role}" in said for role in Role)


def test_the_check_names_what_is_wrong_with_signing_in() -> None:
    data = {"INTAKE_DATA_DIR": str(CONFIG.parent / "var" / "data")}
    bad = {
        "INTAKE_CONSOLE__SECRET": "short",
        "INTAKE_CONSOLE__IDLE_LOCK_S": "0",
    }
    found = "\n".join(problems_in(CONFIG, data | bad))
    proxies = {"INTAKE_CONSOLE__TRUSTED_PROXIES": '["10.0.0.0/8", "proxy.example.org", "10.0.0.5/8"]'}
    named = "\n".join(problems_in(CONFIG, data | proxies))
    assert named.count("console.trusted_proxies") == 2 and "proxy.example.org" in named
    assert "console.secret" in found and "short" not in found and "console.idle_lock_s" in found
    oidc = {"INTAKE_CONSOLE__OIDC__ISSUER": "http://id.example.org", "INTAKE_CONSOLE__OIDC__CLIENT_ID": "x"}
    found = "\n".join(problems_in(CONFIG, data | oidc))
    assert "console.oidc.issuer" in found and "console.oidc.role_map" in found
    found = "\n".join(problems_in(CONFIG, data | {"INTAKE_CONSOLE__OIDC__COLOUR": "red"}))
    assert "colour" in found
