"""The journal: every fact once, appended, in one order; and the Merkle tree over its bytes."""
