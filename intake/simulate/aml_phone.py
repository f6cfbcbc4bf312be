"""A phone that says where it is while its owner calls or texts 999: AML by HTTPS, by text and by data SMS.

Written from the published formats alone (ETSI TS 103 625; Google's ELS pages; 3GPP TS 23.038 and 23.040),
so that it shares no mistake with `channels.aml`, which reads what it sends.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import aiohttp
import msgspec

FORM = "application/x-www-form-urlencoded"
AML_PORT = 0x1092  # where this gateway's data SMS are addressed; any port does
LETTERS = {"gps": "G", "wifi": "W", "cell": "C", "fused": "F", "unknown": "U"}

_SEPTETS = {
    character: code
    for code, character in enumerate(
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
    )
}
_ESCAPED = {"\f": 10, "^": 20, "{": 40, "}": 41, "\\": 47, "[": 60, "~": 61, "]": 62, "|": 64, "€": 101}


class PhoneFix(msgspec.Struct, frozen=True, kw_only=True):
    """Where a phone found itself: degrees, metres, per cent; ``source`` is gps, wifi, cell or fused."""

    latitude: float
    longitude: float
    radius_m: float
    at: datetime
    confidence_pct: float = 68.0
    source: str = "gps"
    altitude_m: float | None = None
    altitude_accuracy_m: float | None = None
    more: Mapping[str, str] = {}


class AmlPhone(msgspec.Struct, frozen=True, kw_only=True):
    """One handset with its SIM. The number is empty where the network withholds it."""

    number: str = ""
    imei: str = ""
    imsi: str = "234150000000000"
    model: str = "Example Phone"
    languages: str = "en-GB"
    mcc: str = "234"
    mnc: str = "15"

    def form(self, called_at: datetime, fix: PhoneFix | None, **more: str) -> dict[str, str]:
        """The fields of the HTTPS form; ``more`` adds to them or, empty, takes away."""
        fields = {
            "v": "3",
            "emergency_number": "999",
            "source": "SMS",
            "time": _ms(called_at),
            "device_number": self.number,
            "device_imei": self.imei,
            "device_imsi": self.imsi,
            "device_model": self.model,
            "device_languages": self.languages,
            "cell_home_mcc": self.mcc,
            "cell_home_mnc": self.mnc,
            "cell_network_mcc": self.mcc,
            "cell_network_mnc": self.mnc,
        }
        if fix:
            fields |= {
                "location_latitude": f"{fix.latitude:.7f}",
                "location_longitude": f"{fix.longitude:.7f}",
                "location_time": _ms(fix.at),
                "location_accuracy": f"{fix.radius_m:g}",
                "location_confidence": f"{fix.confidence_pct / 100:g}",
                "location_source": fix.source,
                "location_altitude": "" if fix.altitude_m is None else f"{fix.altitude_m:g}",
                "location_vertical_accuracy": f"{fix.altitude_accuracy_m:g}"
                if fix.altitude_accuracy_m
                else "",
                **fix.more,
            }
        return {name: value for name, value in {**fields, **more}.items() if value}

    def text_1(self, fix: PhoneFix | None, now: datetime) -> str:
        """Version 1, with its own true length at the end."""
        place = (
            f"lt={fix.latitude:+09.5f};lg={fix.longitude:+010.5f};rd={fix.radius_m:.0f};"
            f"top={fix.at:%Y%m%d%H%M%S};lc={fix.confidence_pct:.0f};pm={LETTERS[fix.source]};"
            if fix
            else f"lt=+00.00000;lg=+000.00000;rd=N;top={now:%Y%m%d%H%M%S};lc=0;pm=N;"
        )
        text = f'A"ML=1;{place}si={self.imsi};ei={self.imei};mcc={self.mcc};mnc={self.mnc};ml='
        return f"{text}{len(text) + (3 if len(text) + 3 > 99 else 2)}"

    def text_2(self, called_at: datetime, fix: PhoneFix | None) -> str:
        """Version 2 (ELS Beta): ``lt`` counts seconds from ``et``, ``lg`` is the language."""
        pairs = [("en", "999"), ("et", f"{called_at.timestamp():.0f}")]
        if fix:
            pairs += [
                ("lo", f"{fix.latitude:.5f},{fix.longitude:.5f},{fix.radius_m:.1f}"),
                ("lt", f"{(fix.at - called_at).total_seconds():.0f}"),
                ("lc", f"{fix.confidence_pct:.0f}"),
                ("ls", LETTERS[fix.source]),
            ]
            if fix.altitude_m is not None:
                pairs.append(("lz", f"{fix.altitude_m:.1f},{fix.altitude_accuracy_m or 0:.1f}"))
        network = f"{self.mcc}{self.mnc}"
        pairs += [("ei", self.imei), ("nc", network), ("hc", network), ("lg", self.languages[:2])]
        return ";".join(['A"ML=2', *(f"{name}={value}" for name, value in pairs)])

    async def post_https(
        self, http: aiohttp.ClientSession, url: str, fields: Mapping[str, str], key: str = ""
    ) -> int:
        """Post a form as the phone does; returns the HTTP status."""
        async with http.post(url, data=signed(fields, key), headers={"Content-Type": FORM}) as answer:
            await answer.read()
            return answer.status

    async def post_sms(self, http: aiohttp.ClientSession, url: str, token: str, **form: str) -> int:
        """Pass on an SMS of this phone as its gateway does: ``text=…``, or ``data=…`` in hex."""
        headers = {"Content-Type": FORM, "Authorization": f"Bearer {token}"}
        body = urlencode({"from": self.number, **form}).encode()
        async with http.post(url, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status


def signed(fields: Mapping[str, str], key: str) -> bytes:
    """The form's body, its hex HMAC-SHA1 last where there is a key."""
    body = urlencode(fields)
    if not key:
        return body.encode()
    return f"{body}&hmac={hmac.new(key.encode(), body.encode(), 'sha1').hexdigest()}".encode()


def pack(text: str) -> bytes:
    """GSM 7-bit packed, lowest bits first; CR fills a last octet that would read as ``@`` (§6.1.2.3.1)."""
    septets: list[int] = []
    for one in text:
        septets += [0x1B, _ESCAPED[one]] if one in _ESCAPED else [_SEPTETS[one]]
    if len(septets) % 8 == 7:
        septets.append(0x0D)
    bits = sum(septet << 7 * place for place, septet in enumerate(septets))
    return bits.to_bytes((7 * len(septets) + 7) // 8, "little")


def pack_first_bit_high(text: str) -> bytes:
    """The same septets from the highest bit on, as some phones pack them."""
    bits, count = 0, len(text)
    for one in text:
        bits = bits << 7 | _SEPTETS[one]
    octets = (7 * count + 7) // 8
    return (bits << octets * 8 - 7 * count).to_bytes(octets, "big")


def port_header() -> bytes:
    """The user data header of a data SMS: application ports, 16 bit (3GPP TS 23.040 §9.2.3.24.4)."""
    port = AML_PORT.to_bytes(2, "big")
    return bytes([6, 5, 4]) + port + port


def part_header(ref: int, part: int, parts: int) -> bytes:
    """The user data header of one part of a long text (§9.2.3.24.1)."""
    return bytes([5, 0, 3, ref, parts, part])


def _ms(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1_000))
