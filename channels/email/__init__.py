"""Contacts by email: a mailbox of ours, and answers through a relay."""
