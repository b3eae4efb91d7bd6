"""One revision a step of the schema."""
