"""People, providers and control rooms that speak the real protocols."""
