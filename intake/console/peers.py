"""Which browser is at the other end of a request, where proxies stand between.

Anybody can send `X-Forwarded-For`: it is believed hop by hop from its end, as long as the one who wrote the
hop is a proxy named in the settings. Host and scheme are never taken from such a header.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from intake.errors import BadConfiguration

HEADER = "X-Forwarded-For"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Proxies:
    """``trusted`` are addresses and networks, as ``10.0.0.0/8``; BadConfiguration names each that is none."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._networks, problems = [], []
        for one in trusted:
            try:
                self._networks.append(ipaddress.ip_network(one))
            except ValueError as error:
                problems.append(f"console.trusted_proxies: {error}")
        if problems:
            raise BadConfiguration(problems)

    def peer(self, remote: str, forwarded: Sequence[str]) -> str:
        """The address nearest to us that is no proxy of ours. ``forwarded`` are the values of the header in
        their order; what stands left of the peer was written by who knows whom."""
        peer = remote
        hops = [hop.strip() for line in forwarded for hop in line.split(",")]
        while hops and self._is_trusted(peer):
            hop = _address(hops.pop())
            if hop is None:
                break
            peer = str(hop)
        return peer

    def _is_trusted(self, peer: str) -> bool:
        known = _address(peer)
        return known is not None and any(known in network for network in self._networks)


def _address(text: str) -> _Address | None:
    try:
        known = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A listener on both families sees IPv4 as ::ffff:192.0.2.1.
    return getattr(known, "ipv4_mapped", None) or known
