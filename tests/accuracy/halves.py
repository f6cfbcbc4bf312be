"""The two halves of the measurement; each has the map and the directory to itself, in its own process."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from accuracy import measures, points
from accuracy.subject import Subject
from accuracy.table import Line

from intake.boundaries import postcodes
from intake.boundaries.districts import TERRITORIAL
from intake.boundaries.postcodes import Postcodes

SEED = 20_251
FETCHED = Path(__file__).parents[2] / "var" / "packages"
Say = Callable[[str], None]


def by_postcodes(args: argparse.Namespace, say: Say) -> Iterator[Line]:
    """Right rooms and candidate sets, at held-out postcodes and on random land."""
    say("reading the postcode directory")
    subject, directory, _ = material(args)
    people = points.held_out(subject, directory)
    say("asking held-out postcodes")
    yield from measures.right_rooms(
        subject, people.sample(args.sample * 3, SEED), measures.BY_PEOPLE, by_band=True
    )
    say("asking random land")
    ground = points.random_ground(subject, args.sample)
    moved = points.moved_to_held_out(subject, directory, ground)
    yield from measures.right_rooms(subject, moved, measures.RANDOM_LAND, by_band=True)
    if not args.quick:
        say("asking the nearest postcode of all")
        everywhere = points.Nearest(directory)
        nearest = points.nearest_of_all(subject, everywhere, ground)
        yield from measures.right_rooms(subject, nearest, measures.RANDOM_LAND)
        say("asking postcodes as lonely as random land")
        few = (ground[0][: args.sample // 2], ground[1][: args.sample // 2])
        lonely = points.as_lonely(subject, everywhere, few)
        for service in TERRITORIAL:
            group = "the nearest-postcode method itself, as lonely as random land (no map in it)"
            yield Line(group, service.word, lonely[service], len(few[0]))
        del everywhere
    say("asking for candidates")
    some = args.sample // 2
    yield from measures.candidate_sets(subject, people.sample(some, SEED + 1), SEED)
    yield from measures.candidate_sets(subject, moved.sample(some, SEED + 2), SEED)
    yield from measures.stated_odds(subject, moved, SEED)


def by_circles(args: argparse.Namespace) -> Iterator[Line]:
    _, directory, held = material(args)
    yield from measures.circles(directory, held, max(300, args.sample // 10), SEED)


def by_the_rest(args: argparse.Namespace) -> list[Line]:
    """What other people drew, the circles that sources state, the coast."""
    subject, directory, _ = material(args)
    ground = points.random_ground(subject, args.sample)
    return [
        *measures.by_others(subject, directory, FETCHED, ground, SEED),
        *by_circles(args),
        *measures.coasts(subject, FETCHED, args.sample // 4, SEED),
    ]


def material(args: argparse.Namespace) -> tuple[Subject, Postcodes, Postcodes]:
    return _made(args.shift_m, args.shuffle)


@cache
def _made(shift_m: float, shuffle: bool) -> tuple[Subject, Postcodes, Postcodes]:
    directory = postcodes.read()
    subject = Subject(shift_m=shift_m, shuffle=shuffle)
    return subject, directory, directory.where(postcodes.held_out(directory))
