"""Offline: turns registry packages into the small map files that routing loads."""
