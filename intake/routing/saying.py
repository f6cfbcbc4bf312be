"""What routing says to a handler, in English and Welsh: the one table of it. No Welsh speaker reviewed it.

A decision keeps the English (``RoutingDecision.reason``); ``intake.sentences`` makes the Welsh of it. Welsh
sentences are built so that the names of rooms never mutate.
"""

from __future__ import annotations

from intake.sentences import Wording

WELSH_REVIEWED = False

SAYING = Wording(
    {
        # Why there is no place.
        "unknown": ("no location is known", "nid oes lleoliad hysbys"),
        "not_finite": (
            "the location holds numbers that are not finite",
            "nid yw rhifau'r lleoliad yn rhifau meidraidd",
        ),
        "not_on_earth": (
            "{latitude}, {longitude} is not a latitude and longitude",
            "nid lledred a hydred yw {latitude}, {longitude}",
        ),
        "bad_radius": ("a radius of {radius} m is impossible", "mae radiws o {radius} m yn amhosibl"),
        "too_wide": (
            "a circle with a radius of {radius} names no place",
            "nid yw cylch â radiws o {radius} yn enwi lle",
        ),
        # What the place is on the map.
        "abroad": ("in {country}", "{country}"),
        "off_the_map": (
            "off the map of the United Kingdom and its waters",
            "oddi ar fap y Deyrnas Unedig a'i dyfroedd",
        ),
        "sea": (
            "at sea, more than 1 km from the coast",
            "ar y môr, dros 1 km o'r arfordir",
        ),
        "shore": (
            "near the shore, from 300 m inland to 1 km out",
            "ger y lan, o 300 m i mewn i'r tir hyd at 1 km allan",
        ),
        "inland": ("inland, more than 300 m from the coast", "yn y mewndir, dros 300 m o'r arfordir"),
        "land": (
            "the 95 % circle of {radius} lies in the area of {room}",
            "mae'r cylch 95 % ({radius}) yn ardal {room}",
        ),
        "border": (
            "the 95 % circle of {radius} lies {part} in the area of {room}, with {others} more within reach",
            "mae {part} o'r cylch 95 % ({radius}) yn ardal {room}, gyda {others} arall o fewn cyrraedd",
        ),
        "edge": (
            "the 95 % circle of {radius} lies {part} in the area of {room}, the rest at sea or abroad",
            "mae {part} o'r cylch 95 % ({radius}) yn ardal {room}, a'r gweddill ar y môr neu dramor",
        ),
        # What comes behind the rule's own words.
        "police_the_railway": (
            "where there are no British Transport Police, the police of the area police the railway",
            "lle nad oes Heddlu Trafnidiaeth Prydain, heddlu'r ardal sy'n plismona'r rheilffordd",
        ),
        "called_out": (
            "{service} is called out by the {through} of the area",
            "gelwir ar y gwasanaeth hwn ({service}) gan {through} yr ardal",
        ),
        "coastguard_leads": (
            "at sea HM Coastguard leads",
            "ar y môr Gwylwyr y Glannau EF sy'n arwain",
        ),
        "offer_coastguard": (
            "within 300 m of the coast or out at sea: offer HM Coastguard beside it",
            "o fewn 300 m i'r arfordir neu allan ar y môr: cynigiwch Wylwyr y Glannau EF hefyd",
        ),
        # A room fixed over the map's.
        "by_hand": ("chosen by a person", "dewiswyd gan berson"),
        "stays": ("it stays with the room that has it", "mae'n aros gyda'r ystafell sydd ag ef"),
        "map_says": ("the map says {room} ({why})", "yn ôl y map: {room} ({why})"),
        "unreadable": (
            "what was recorded for {urn} cannot be read",
            "ni ellir darllen yr hyn a gofnodwyd ar gyfer {urn}",
        ),
        # Near a border.
        "edge_of": (
            "At the edge of the area of {first}; the rest of the circle is sea or abroad.",
            "Ar ymyl ardal {first}; môr neu dramor yw gweddill y cylch.",
        ),
        "near_border": (
            "Near a border: {first}, or {others}. {advice}.",
            "Ger ffin: {first}, neu {others}. {advice}.",
        ),
        "share": ("{room} ({percent} %)", "{room} ({percent} %)"),
        "within_reach": ("{room} (within reach)", "{room} (o fewn cyrraedd)"),
        "more": ("{count} more", "{count} arall"),
        "send_and_say": (
            "Send it there now and say which other room it may be",
            "Anfonwch yno nawr a dywedwch pa ystafell arall y gallai fod",
        ),
        "too_close": (
            "Too close to tell: ask before sending, or send to the likeliest and say so",
            "Rhy agos i ddweud: gofynnwch cyn anfon, neu anfonwch i'r debycaf a dywedwch hynny",
        ),
        "likeliest": (
            "The likeliest of several: ask, and send meanwhile if a life is at risk",
            "Y debycaf o sawl un: gofynnwch, ac anfonwch yn y cyfamser os oes bywyd mewn perygl",
        ),
        # A place that changed after the hand-over.
        "place_at_last": (
            "a place is known now, within {radius}",
            "mae lle'n hysbys nawr, o fewn {radius}",
        ),
        "moved": (
            "the place moved {distance} since you were told",
            "symudodd y lle {distance} ers i chi gael gwybod",
        ),
        "sharper": (
            "the place is known within {radius} now, before within {before}",
            "mae'r lle'n hysbys o fewn {radius} nawr, o fewn {before} gynt",
        ),
        "better_known": ("the place is better known", "mae'r lle'n fwy hysbys"),
        "other_room": (
            "the place lies in the area of {other} now, not of {held}",
            "mae'r lle yn ardal {other} nawr, nid yn ardal {held}",
        ),
        "back": (
            "the place lies in the area of {held} again",
            "mae'r lle yn ardal {held} eto",
        ),
        "newer": ("a newer place", "lle mwy newydd"),
        "has_accepted": (
            "{room} has accepted the incident: it is no longer yours",
            "mae {room} wedi derbyn y digwyddiad: nid chi piau ef mwyach",
        ),
        "did_not_take": (
            "{room} did not take the incident: it stays with you",
            "ni chymerodd {room} y digwyddiad: mae'n aros gyda chi",
        ),
    }
)
