"""The environment of a notebook's kernel: what it is, its lock, and how it is built again."""
