"""Channel-usage tables for researchers that cannot point at a person (law 20)."""
