"""The desk on a terminal: the client of the JSON interface and its screens."""
