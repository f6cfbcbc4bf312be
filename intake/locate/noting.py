"""Notes on places, in English and Welsh: the one table of them. No Welsh speaker has reviewed the Welsh.

A place keeps the English; ``intake.sentences`` makes the Welsh. Callers' words and names of places stand as
they were written.
"""

from __future__ import annotations

from intake.sentences import Wording

WELSH_REVIEWED = False

NOTES = Wording(
    {
        "road": (
            "{road}: where roads run is not in our data; ask for the next town or junction",
            "{road}: nid yw llwybrau ffyrdd yn ein data; gofynnwch am y dref neu'r gyffordd nesaf",
        ),
        "junction": (
            "{road} {where}: where junctions are is not in our data; ask for the next town",
            "{road} {where}: nid yw lleoliad cyffyrdd yn ein data; gofynnwch am y dref nesaf",
        ),
        "post": (
            "{what}: where posts stand is not in our data; the road's operator knows",
            "{what}: nid yw lleoliad pyst yn ein data; mae gweithredwr y ffordd yn gwybod",
        ),
        "around": (
            "{what} by {town}: a circle around the place, not the road's own line",
            "{what} ger {town}: cylch o amgylch y lle, nid llinell y ffordd ei hun",
        ),
        "marker_post": ("marker post {post} km", "postyn marcio {post} km"),
        "no_carriageway": ("the carriageway is not said", "ni ddywedir pa gerbytffordd"),
        "no_road": ("the road is not said", "ni ddywedir pa ffordd"),
        "carriageway_a": (
            "carriageway A (as a rule away from London; on the M25 clockwise)",
            "cerbytffordd A (fel rheol i ffwrdd o Lundain; ar yr M25 gyda'r cloc)",
        ),
        "carriageway_b": (
            "carriageway B (as a rule towards London; on the M25 anticlockwise)",
            "cerbytffordd B (fel rheol tuag at Lundain; ar yr M25 yn groes i'r cloc)",
        ),
        "slip_j": ("slip road J (off carriageway A)", "slipffordd J (oddi ar gerbytffordd A)"),
        "slip_k": ("slip road K (onto carriageway A)", "slipffordd K (ar gerbytffordd A)"),
        "slip_l": ("slip road L (off carriageway B)", "slipffordd L (oddi ar gerbytffordd B)"),
        "slip_m": ("slip road M (onto carriageway B)", "slipffordd M (ar gerbytffordd B)"),
        "text_says": (
            "of {count} of this name the one in {area}, as the text says",
            "o {count} o'r enw hwn yr un yn {area}, fel y dywed y testun",
        ),
        "also": ("there is also {others}", "mae hefyd {others}"),
        "near_the_other": (
            "of {count} of this name the one near the other place in the text",
            "o {count} o'r enw hwn yr un ger y lle arall yn y testun",
        ),
        "many": ("{count} places of this name", "{count} lle o'r enw hwn"),
        "between": ("between {first} and {second}", "rhwng {first} a {second}"),
        "sea_meant": ("{words}: the sea may be meant", "{words}: efallai mai'r môr a olygir"),
        "any_way": (
            "{words}: in which direction is not said",
            "{words}: ni ddywedir i ba gyfeiriad",
        ),
        "moved": ("{words}: moved {distance}", "{words}: symudwyd {distance}"),
        "no_postcode": (
            "no such postcode in our list: the {part}",
            "dim cod post o'r fath yn ein rhestr: {part}",
        ),
        "sector_alone": ("postcode sector {sector} alone", "sector cod post {sector} yn unig"),
        "district_alone": ("postcode district {district} alone", "dosbarth cod post {district} yn unig"),
        "read_as": ("read as {postcode}: {slip}", "darllenwyd fel {postcode}: {slip}"),
        "read_or": ("or read as {postcode}: {slip}", "neu {postcode}: {slip}"),
        "island": (
            "{island}: the postcode is not in our data, only the area it belongs to",
            "{island}: nid yw'r cod post yn ein data, dim ond yr ardal y mae'n perthyn iddi",
        ),
        "short_plus": (
            "short plus code: {code} is the one nearest to {town}",
            "cod plws byr: {code} yw'r un agosaf at {town}",
        ),
        "short_plus_alone": (
            "short plus code without a town we know: ask for the town beside it",
            "cod plws byr heb dref sy'n hysbys i ni: gofynnwch am y dref wrth ei ymyl",
        ),
        "three_words": (
            "three words: only the what3words service knows their place; ask for a street or postcode too",
            "tri gair: dim ond gwasanaeth what3words sy'n gwybod eu lle; gofynnwch am stryd neu god post",
        ),
        "address": (
            "an address: its place is for a geocoder or a map",
            "cyfeiriad: mater i geogodydd neu fap yw ei le",
        ),
        "map_link_unread": (
            "a map link that does not show its place: it is never opened from here; ask for the words",
            "dolen map nad yw'n dangos ei lle: ni chaiff ei hagor o'r fan hon; gofynnwch am y geiriau",
        ),
        "pin": ("pin in a map link", "pin mewn dolen map"),
        "geo_link": ("geo: link, RFC 5870", "dolen geo:, RFC 5870"),
        "map_view": ("middle of a map view, not a pin", "canol golwg map, nid pin"),
        "swapped": (
            "longitude stands first here: read the other way round, in the British Isles",
            "hydred sydd gyntaf yma: darllenwyd y ffordd arall, yn Ynysoedd Prydain",
        ),
        "other_phone": (
            "not the phone that sent the other fixes of this number",
            "nid y ffôn a anfonodd leoliadau eraill y rhif hwn",
        ),
        "by": ("{road} by {town}", "{road} ger {town}"),
        "parts": ("from a text that came in parts", "o neges a ddaeth mewn rhannau"),
    }
)
_MARKS = {
    "the letter O": "y llythyren O",
    "the letter I": "y llythyren I",
    "the letter S": "y llythyren S",
    "a nought": "sero",
    "a one": "un",
    "a five": "pump",
}
NAMES = {
    "slip": {
        f"{one} for {other}": f"{_MARKS[one]} yn lle {_MARKS[other]}" for one in _MARKS for other in _MARKS
    },
    "island": {
        "Northern Ireland": "Gogledd Iwerddon",
        "Isle of Man": "Ynys Manaw",
        "Jersey": "Jersey",
        "Guernsey, Alderney or Sark": "Guernsey, Alderney neu Sark",
    },
}
"""What in a note is of a closed list (``sentences.Reader.names``)."""
