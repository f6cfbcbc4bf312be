"""The only SQL and the only transactions."""
