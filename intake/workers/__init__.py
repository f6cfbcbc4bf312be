"""The loops between the doors and the rooms; a loop that dies stops the process loudly."""
