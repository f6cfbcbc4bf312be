"""Who gets it: pure, total and explained."""
