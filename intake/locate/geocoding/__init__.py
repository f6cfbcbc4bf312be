"""Asking services outside where an address or three words are, by `geopy`, behind ``ports.Geocoder``."""

from intake.locate.geocoding.configuration import check_geocoding as check_geocoding
from intake.locate.geocoding.configuration import open_geocoder as open_geocoder
from intake.locate.geocoding.configuration import open_what3words as open_what3words
