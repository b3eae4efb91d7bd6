"""The doctor's eyes and hands: analysing a notebook, looking at what surrounds it, writing a corrected copy."""
