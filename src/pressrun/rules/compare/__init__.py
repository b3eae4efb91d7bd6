"""Whether two runs of a notebook gave the same result: typed, pure comparison of their outputs."""
