"""What a kernel and all its children open, recorded from outside by a tracer."""
