"""The format: an incident as XML of the provisional MAIT profile, and back. Pure."""
