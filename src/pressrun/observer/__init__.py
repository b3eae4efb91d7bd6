"""Runs inside a user's kernel. The standard library only, Python 3.7 and later; imports nothing of ours."""
