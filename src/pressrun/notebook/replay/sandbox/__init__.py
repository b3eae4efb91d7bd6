"""A kernel that sees what was declared and nothing else, made by bubblewrap."""
