"""The demo: the intake as an operator runs it, the world outside simulated, one evening played through."""
