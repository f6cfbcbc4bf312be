"""The one national queue: from a stored message to a control room that has it."""

__version__ = "0.1.0"
