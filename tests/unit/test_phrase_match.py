"""A message's words are found in a bounded time, however its marks are heaped."""

from __future__ import annotations

import time

from intake.triage.phrase_match import MARKS_LIMIT, TEXT_LIMIT_CHARACTERS, tokens_of


def test_heaped_marks_hold_up_no_other_message() -> None:
    half = TEXT_LIMIT_CHARACTERS // 2
    heaps = ("a" + "\u0315" * half + "\u0300" * half, "a" + "\u0315\u0300" * half)
    began_s = time.thread_time()
    for heap in heaps:
        tokens_of(heap)
    # As they come they took 4 s under the interpreter's lock.
    assert time.thread_time() - began_s < 0.5


def test_a_mark_of_its_own_is_read_with_its_letter() -> None:
    assert tokens_of("ta\u0302n yn y ty\u0302") == ["tân", "yn", "y", "tŷ"]
    assert tokens_of("e" + "\u0301" + "\u0315" * MARKS_LIMIT + " fire")[-1] == "fire"
