"""pressrun."""
