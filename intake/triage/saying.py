"""Why a service is suggested, in English and Welsh: the one table of it. No Welsh speaker has reviewed it.

The caller's own words stand in quotation marks and are not translated.
"""

from __future__ import annotations

from intake.sentences import Wording

WELSH_REVIEWED = False

SAYING = Wording(
    {
        "stated": ("chosen by the caller", "dewiswyd gan y sawl sy'n cysylltu"),
        "set_by": ("set by {handler}", "gosodwyd gan {handler}"),
        "asked": ("asked for: {quoted}", "gofynnwyd am: {quoted}"),
        "described": ("described: {quoted}", "disgrifiwyd: {quoted}"),
        "declined": ("said no to: {service}", "dywedwyd na wrth: {service}"),
        "said": ("“{quoted}”: {because}", "“{quoted}”: {because}"),
    }
)
STATED = SAYING.en("stated")
"""The caller filled it in themselves: no reading of words."""
