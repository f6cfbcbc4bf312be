"""How long a document takes to build, validate and write, and to check and read back.

    python tests/bench/bench_mait.py [--documents N] [--rounds N]

Medians of interleaved rounds, microseconds of processor time a document. The yardstick is lxml alone: parse
the same bytes and write them again, with no schema.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from lxml import etree

from intake.control_room import RoomId, Service
from intake.incident import Incident, IncidentId, IncidentMessage, Methane, TransferKind
from intake.location import CallerLocation, LocationMethod, LocationSource
from intake.mait import read, redirect, write
from intake.mait.signature import signed_headers, verify

NOW = datetime(2026, 3, 1, 21, 4, 5, tzinfo=UTC)
LEEDS = CallerLocation(
    latitude=53.7969,
    longitude=-1.5342,
    uncertainty_m=14.0,
    confidence_pct=67.0,
    method=LocationMethod.WIFI,
    source=LocationSource.AML,
    positioned_at=NOW,
)
FIRE = Incident(
    id=IncidentId("0195-incident"),
    reference="N-1042",
    opened_at=NOW,
    services=(Service.FIRE, Service.AMBULANCE),
    channel="sms",
    caller="tel:+447700900123",
    language="en",
    silent=False,
    methane=Methane(exact_location="Flat 3, second floor", type_of_incident="House fire", casualties=2),
    location=LEEDS,
    other_locations=(LEEDS, LEEDS),
    messages=(IncidentMessage(at=NOW, author="caller", text="fire at LS1 4AP, second floor"),) * 8,
    priority=1,
)


def written() -> bytes:
    return write(
        FIRE,
        message_id="0195-message",
        kind=TransferKind.CREATION,
        sequence=1,
        sent_at=NOW,
        from_agency="national-intake",
        to_room="west-yorkshire-fire",
        services=(Service.FIRE,),
    )


def lines() -> dict[str, Callable[[], object]]:
    """What is measured, by name; the first is the yardstick."""
    document = written()
    secret = b"s" * 32

    def sign_and_verify() -> object:
        headers = signed_headers(secret, agency="a", message_id="m", body=document, now=NOW)
        return verify(headers, document, {"a": [secret]}, now=NOW)

    return {
        f"lxml alone: parse and write {len(document)} bytes": lambda: etree.tostring(
            etree.fromstring(document)
        ),
        "build, validate, write": written,
        "search, parse, validate, read": lambda: read(document),
        "readdress to a buddy": lambda: redirect(document, to_room=RoomId("b"), on_behalf_of=RoomId("a")),
        "sign and verify": sign_and_verify,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    work = lines()
    for each in work.values():
        each()  # loads the schema and the grids
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(args.rounds):
        for name, each in work.items():
            started = time.process_time()
            for _ in range(args.documents):
                each()
            taken[name].append((time.process_time() - started) / args.documents * 1e6)
    medians = {name: statistics.median(rounds) for name, rounds in taken.items()}
    yardstick = next(iter(medians.values()))
    for name, median_us in medians.items():
        print(f"{name:42} {median_us:8.1f} us {median_us / yardstick:6.1f} x")


if __name__ == "__main__":
    main()
