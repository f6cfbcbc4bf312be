"""Who gets it: pure, total, explained. No I/O, no clock, no randomness."""
