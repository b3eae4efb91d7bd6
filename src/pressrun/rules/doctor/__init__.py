"""What will break in production, told from a notebook that was analysed and from what surrounds it. Pure.

One file a family; `kinds` holds every kind as data, `diagnose` joins the families, `repairs` holds what ``--fix`` does.
"""
