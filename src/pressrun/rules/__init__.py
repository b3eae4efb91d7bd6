"""What is true and allowed: pure functions. No clock, no I/O, no randomness."""
