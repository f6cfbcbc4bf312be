"""Law 20: no suppressed count can be solved, even by a reader who knows the program by heart.

Every possible table of a small size is listed and published. Tables that are published alike cannot be
told apart, so what a reader can learn of a suppressed cell is the set of its values over all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, combinations, product

import pytest

from intake.errors import Refused
from intake.research.disclosure import NHS, ONS, RULES, Rule, release, release_tree, stricter

TINY = Rule(name="tiny", min_cell=6, round_to=3)
"""The proportions of ONS 10-5 at a size where every table can be listed."""

Release = Callable[[Mapping[int, int], Rule], set[int]]
World = tuple[int, ...]
Learnt = dict[tuple[int, ...], set[int]]


def primary_only(parts: Mapping[int, int], rule: Rule) -> set[int]:
    """The negative control: small cells are left out and nothing else is."""
    return {key for key, count in parts.items() if count >= rule.min_cell}


def first_that_fits(parts: Mapping[int, int], rule: Rule) -> set[int]:
    """A likelier mistake: one more cell is held back, chosen by its size and then by its place."""
    shown = primary_only(parts, rule)
    if shown and 0 < sum(c for k, c in parts.items() if k not in shown) < rule.min_cell:
        shown.discard(min(shown, key=lambda key: (parts[key], key)))
    return shown


def solved(
    worlds: Iterable[World], publish: Callable[[World], tuple[tuple[object, ...], dict[str, int]]], rule: Rule
) -> list[str]:
    """Every suppressed count a reader can narrow to fewer values than ``1 … min_cell − 1``."""
    learnt: dict[tuple[object, ...], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for world in worlds:
        published, hidden = publish(world)
        for name, count in hidden.items():
            learnt[published][name].add(count)
    small = set(range(1, rule.min_cell))
    return [
        f"{published}: {name} is one of {sorted(values)}"
        for published, cells in learnt.items()
        for name, values in cells.items()
        if values < small
    ]


def split(chosen: Release, rule: Rule) -> Callable[[World], tuple[tuple[object, ...], dict[str, int]]]:
    """A whole and its parts; what is hidden are the suppressed parts and every sum of some of them."""

    def publish(world: World) -> tuple[tuple[object, ...], dict[str, int]]:
        parts = dict(enumerate(world))
        shown = chosen(parts, rule)
        hidden = [
            key for key, count in parts.items() if key not in shown and (count or not rule.zero_is_shown)
        ]
        groups = chain.from_iterable(combinations(hidden, size) for size in range(1, len(hidden) + 1))
        cells = [
            rule.rounded(count) if key in shown else 0 if key not in hidden else None
            for key, count in parts.items()
        ]
        return (rule.rounded(sum(world)), *cells), {str(g): sum(parts[key] for key in g) for g in groups}

    return publish


def worlds(parts: int, top: int, rule: Rule) -> list[World]:
    return [world for world in product(range(top + 1), repeat=parts) if sum(world) >= rule.min_cell]


@pytest.mark.parametrize(
    ("rule", "parts", "top"), [(ONS, 2, 45), (ONS, 3, 32), (NHS, 3, 32), (TINY, 4, 14), (TINY, 5, 8)]
)
def test_no_suppressed_part_can_be_solved(rule: Rule, parts: int, top: int) -> None:
    assert solved(worlds(parts, top, rule), split(release, rule), rule) == []


@pytest.mark.parametrize("mistaken", [primary_only, first_that_fits])
def test_the_attack_catches_weaker_suppression(mistaken: Release) -> None:
    assert solved(worlds(3, 32, ONS), split(mistaken, ONS), ONS)


def tree(world: World) -> tuple[tuple[object, ...], dict[str, int]]:
    """A whole, its two parts, and two parts of each: what the services and the regions of an hour are."""
    levels = [
        {("h",): sum(world)},
        {("h", "a"): world[0] + world[1], ("h", "b"): world[2] + world[3]},
        {("h", half, part): world[2 * i + j] for i, half in enumerate("ab") for j, part in enumerate("xy")},
    ]
    released = release_tree(levels, ("ab", "xy"), TINY)
    cells = [
        (key, count, key in shown)
        for level, shown in zip(levels, released, strict=True)
        for key, count in level.items()
    ]
    return (
        tuple(TINY.rounded(count) if shown else None for _, count, shown in cells),
        {str(key): count for key, count, shown in cells if not shown},
    )


def two_ways(world: World) -> tuple[tuple[object, ...], dict[str, int]]:
    """One whole split in two ways that cross: what services, answer bands and radius bands are."""
    rows = {0: world[0] + world[1], 1: world[2] + world[3]}
    columns = {0: world[0] + world[2], 1: world[1] + world[3]}
    published: list[object] = [TINY.rounded(sum(world))]
    hidden = {}
    for name, parts in (("row", rows), ("column", columns)):
        shown = release(parts, TINY)
        published += [TINY.rounded(count) if key in shown else None for key, count in parts.items()]
        hidden |= {f"{name} {key}": count for key, count in parts.items() if key not in shown}
    return tuple(published), hidden


@pytest.mark.parametrize("publish", [tree, two_ways])
def test_nor_through_several_tables_together(
    publish: Callable[[World], tuple[tuple[object, ...], dict[str, int]]],
) -> None:
    assert solved(worlds(4, 11, TINY), publish, TINY) == []


def test_parts_of_an_unpublished_cell_are_not_published() -> None:
    levels = [{("h",): 45}, {("h", "a"): 40, ("h", "b"): 5}, {("h", "a", "x"): 40, ("h", "b", "x"): 5}]
    assert release_tree(levels, ("ab", "xy"), ONS) == [{("h",)}, set(), set()]


@pytest.mark.parametrize(
    ("count", "published"), [(10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (0, 0), (1002, 1000)]
)
def test_rounding_is_to_the_nearest_five(count: int, published: int) -> None:
    assert ONS.rounded(count) == published


def test_the_rules_are_the_published_ones() -> None:
    assert (ONS.min_cell, ONS.round_to, ONS.zero_is_shown) == (10, 5, False)
    assert (NHS.min_cell, NHS.round_to, NHS.zero_is_shown) == (8, 5, True)


@pytest.mark.parametrize(("min_cell", "round_to"), [(0, 5), (1, 5), (7, 5), (10, 1), (10, 4)])
def test_a_rule_weaker_than_those_is_refused(min_cell: int, round_to: int) -> None:
    with pytest.raises(Refused, match="too weak"):
        stricter(RULES["ons"], min_cell=min_cell, round_to=round_to)


def test_a_stricter_rule_is_taken() -> None:
    assert stricter(ONS, min_cell=20, round_to=None) == Rule(name="ons, changed", min_cell=20, round_to=5)
    assert stricter(NHS, min_cell=None, round_to=None) == NHS
