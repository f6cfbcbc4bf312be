"""Which counts may be published, and as what: suppression, complementary suppression and rounding.

The tables of one export form a tree: each finer table splits every cell of the coarser one. A small
count that is merely left out comes back by subtraction (the whole less its published parts), so the
invariant is on what is held back: **of each published whole, either nobody is held back, or at least
twice ``min_cell``, and never so many in so few places that each must be nearly ``min_cell``**.
Differences over several tables, hours or channels are sums of such remainders, so they too are 0 or
large. Parts tied after rounding are held back together: a choice between them would tell them apart.
Parts of an unpublished cell are never published, and zero is not told from any other small count
unless the rule shows it. ``tests/unit/test_disclosure.py`` lists every possible table of small sizes and
shows that a reader who knows this program by heart can solve no suppressed count.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from intake.errors import Refused

Key = tuple[Any, ...]
K = TypeVar("K", bound=Hashable)

WEAKEST_MIN_CELL, WEAKEST_ROUND_TO = 8, 5
"""No rule may be weaker than the NHS one: law 20 is not an operator's to trade away."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Counts below ``min_cell`` are suppressed, the rest rounded to the nearest ``round_to``."""

    name: str
    min_cell: int
    round_to: int
    zero_is_shown: bool = False

    def rounded(self, count: int) -> int:
        """To the nearest multiple; halves go up."""
        return (2 * count + self.round_to) // (2 * self.round_to) * self.round_to


ONS = Rule(name="ons", min_cell=10, round_to=5)
"""ONS 10-5: suppress below 10, round the rest to the nearest 5."""

NHS = Rule(name="nhs", min_cell=8, round_to=5, zero_is_shown=True)
"""NHS England: 1 to 7 suppressed, zero shown, the rest rounded to the nearest 5."""

RULES = {rule.name: rule for rule in (ONS, NHS)}


def stricter(rule: Rule, *, min_cell: int | None, round_to: int | None) -> Rule:
    """``rule`` with other numbers; raises Refused where they are weaker than the NHS rule's."""
    changed = Rule(
        name=rule.name if min_cell is None and round_to is None else f"{rule.name}, changed",
        min_cell=rule.min_cell if min_cell is None else min_cell,
        round_to=rule.round_to if round_to is None else round_to,
        zero_is_shown=rule.zero_is_shown,
    )
    if changed.min_cell < WEAKEST_MIN_CELL or changed.round_to < WEAKEST_ROUND_TO:
        raise Refused(
            f"cells below {changed.min_cell}, rounded to {changed.round_to}: too weak to publish; "
            f"use at least {WEAKEST_MIN_CELL} and {WEAKEST_ROUND_TO}, the NHS rule's"
        )
    return changed


def release(parts: Mapping[K, int], rule: Rule) -> set[K]:
    """The parts of one published whole that may be published beside it.

    ``parts`` are disjoint, add up to the whole, and name every possible part, also those with nobody
    in them: how many places a remainder could be spread over decides whether it can be solved.
    """
    shown = {key for key, count in parts.items() if count >= rule.min_cell}
    hidden = {key for key, count in parts.items() if key not in shown and (count or not rule.zero_is_shown)}
    held_back = sum(parts[key] for key in hidden)
    nearly_full = held_back > (rule.min_cell - 1) * (len(hidden) - 1)
    while shown and held_back > 0 and (held_back < 2 * rule.min_cell or nearly_full):
        least = min(rule.rounded(parts[key]) for key in shown)
        tied = {key for key in shown if rule.rounded(parts[key]) == least}
        shown -= tied
        held_back += sum(parts[key] for key in tied)
        nearly_full = False  # nobody can say any more that every hidden part is a small one
    return shown


def release_tree(
    levels: Sequence[Mapping[Key, int]], categories: Sequence[Sequence[str]], rule: Rule
) -> list[set[Key]]:
    """For each level, coarsest first, the keys that may be published.

    A key of a level is a key of the level above with one category appended; ``categories[i]`` lists
    what level ``i + 1`` may append. The first level's cells have no published whole: only size counts.
    """
    released = [{key for key, count in levels[0].items() if count >= rule.min_cell}]
    for fine, possible in zip(levels[1:], categories, strict=True):
        released.append(
            {
                key
                for whole in released[-1]
                for key in release({(*whole, name): fine.get((*whole, name), 0) for name in possible}, rule)
            }
        )
    return released
