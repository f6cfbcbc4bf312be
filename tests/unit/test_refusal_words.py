"""Every stable code with which the console refuses has words in both languages; none hides what is said."""

from __future__ import annotations

import ast
import asyncio
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from importlib import import_module

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

import intake.console
from intake.console.api.answers import refuse_in_json
from intake.console.wording import load_words
from intake.errors import IntakeError, MediaTrouble
from intake.public.routes import TROUBLES
from intake.store.location_links import LinkEnd
from tests.conftest import ROOT

CONSOLE = ROOT / "intake" / "console"
OWN = "{own}"
"""Stands for the server's own words, where they say more than the code."""
PUT_TOGETHER = {
    "api/answers.py": 3,  # the errors' own codes, and the HTTP statuses': both below
    "api/attachments.py": 1,  # media_…: the words of the attachments
    "sign_in/api.py": 1,  # resting, denied
    "sign_in/passkey_api.py": 1,  # passkey_…: the words of the sign-in
}
"""Where a code is no literal, how often, and who looks after it."""


def calls(pattern: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(CONSOLE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and re.fullmatch(pattern, ast.unparse(node.func)):
                yield path.relative_to(CONSOLE).as_posix(), node


def literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def of_errors() -> set[str]:
    """Of each error that the console may answer with, the command line's own apart."""
    for module in pkgutil.walk_packages(intake.console.__path__, "intake.console."):
        import_module(module.name)
    found, left = {IntakeError}, [IntakeError]
    while left:
        new = set(left.pop().__subclasses__()) - found
        found |= new
        left += new
    ours = ("intake.errors", "intake.console.api", "intake.console.sign_in", "intake.console.live")
    return {one.code for one in found if one.__module__.startswith(ours)}


def of_http() -> set[str]:
    """What stands in the answer to each HTTP error that is raised, and to those of aiohttp itself."""

    def code(error: web.HTTPException) -> str:
        async def fails(_request: web.Request) -> web.StreamResponse:
            raise error

        said = asyncio.run(refuse_in_json(make_mocked_request("GET", "/"), fails))
        assert isinstance(said, web.Response) and isinstance(said.body, bytes)
        return str(json.loads(said.body)["code"])

    raised = {call.func.attr for _, call in calls(r"web\.HTTP\w+") if isinstance(call.func, ast.Attribute)}
    kinds = [getattr(web, name) for name in raised]
    found = {code(kind(text="x")) for kind in kinds if kind.status_code >= 400}
    assert len(found) >= 4
    return found | {code(web.HTTPMethodNotAllowed("GET", [])), code(web.HTTPRequestEntityTooLarge(1, 2))}


def of_calls() -> tuple[dict[str, str | None], dict[str, int]]:
    """Each literal code with its message, None where that is put together; and the other calls, by file."""
    said: dict[str, str | None] = {}
    others: dict[str, int] = {}
    for where, call in calls("problem"):
        code = literal(call.args[1])
        if code is None:
            others[where] = others.get(where, 0) + 1
        elif code not in said:
            said[code] = literal(call.args[2])
    return said, others


def troubles(english: Mapping[str, str]) -> list[str]:
    """What is missing, and what an English desk would not be told or be told otherwise."""
    said, others = of_calls()
    found = [
        f"{where}: a code that no test knows"
        for where in {*others}
        if others[where] != PUT_TOGETHER.get(where)
    ]
    own = of_errors() | (of_http() - {"no_such_path", "method_not_allowed"}) | {"denied", "resting", "other"}
    wanted: dict[str, str | None] = dict.fromkeys(own) | said
    for code, message in sorted(wanted.items()):
        text = english.get(f"refusals.{code}")
        if text is None:
            found.append(f"{code}: no words")
        elif (message is None and OWN not in text) or (message is not None and text != message):
            found.append(f"{code}: says {text!r}")
    return found


def test_every_code_has_its_words() -> None:
    assert not troubles(load_words()["en"])
    assert len(of_errors()) >= 14 and len(of_calls()[0]) >= 10


def test_a_code_without_words_would_be_found() -> None:
    """Negative control, for an error, a literal, an HTTP status, and a sentence that says something else."""
    words = dict(load_words()["en"])
    for code in ("stale_claim", "csrf", "request_timeout"):
        less = {key: text for key, text in words.items() if key != f"refusals.{code}"}
        assert troubles(less) == [f"{code}: no words"]
    assert troubles(words | {"refusals.refused": "no"}) and troubles(words | {"refusals.locked": "no"})


def test_codes_of_the_page_itself_have_words() -> None:
    made = set(
        re.findall(r"ApiError\(0, '(\w+)'|code: '(\w+)'", (CONSOLE / "front" / "api.js").read_text("utf-8"))
    )
    codes = {one or other for one, other in made}
    assert codes == {"no_answer", "garbage"}
    assert {f"refusals.{code}" for code in codes} <= set(load_words()["cy"])


def test_no_words_are_left_of_a_code_that_is_gone() -> None:
    known = of_errors() | of_http() | set(of_calls()[0])
    known |= {"denied", "resting", "other", "no_answer", "garbage", "no_such_path", "method_not_allowed"}
    words = {key.removeprefix("refusals.") for key in load_words()["en"] if key.startswith("refusals.")}
    assert words == known


def test_what_stands_in_a_sentence_ends_without_a_full_stop() -> None:
    for language, words in load_words().items():
        ended = [key for key, text in words.items() if key.startswith("refusals.") and text.endswith(".")]
        assert not ended, language


def test_attachments_passkeys_and_links_have_theirs() -> None:
    """The other areas: their codes are named where they are shown."""
    welsh = set(load_words()["cy"])
    store = ROOT / "intake" / "store" / "passkeys.py"
    text = store.read_text("utf-8") + (CONSOLE / "sign_in" / "passkeys.py").read_text("utf-8")
    passkeys = set(re.findall(r'Refused\("(passkey_\w+)"\)', text))
    assert len(passkeys) >= 5
    assert {f"sign_in.{code}" for code in passkeys} <= welsh
    assert {f"attachments.trouble_media_{one}" for one in MediaTrouble} <= welsh
    assert {f"place.link_ended_{one.value}" for one in LinkEnd} <= welsh
    assert {f"place.trouble_{one}" for one in TROUBLES} <= welsh
