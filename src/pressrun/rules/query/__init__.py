"""The query language for runs and versions: text -> tree -> SQL with bound parameters, or a plain evaluation."""
