"""What the journal's events add up to, and which event may come next.

`fold` advances a `pressrun.records.standing.Standing`, `queries` reads it, `legality` judges an event that is offered,
`snapshots` keeps a state so that the next command need not fold the whole journal. Pure: no clock, no I/O.
"""
