"""Contacts from phone and web apps over a versioned JSON interface; its description is served beside it."""
