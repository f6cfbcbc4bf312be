"""The live line: one picture of the queue in memory, and the windows of it that desks see."""
