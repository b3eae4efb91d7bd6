"""Running a notebook headlessly and telling what happened.

`run.replay_notebook` starts a child process; there papermill runs the notebook with `engine.PressrunEngine`, which
journals what the kernel says (`journal`) and lets recorders watch (`recorders`). The parent computes the outcome from
the journal (`outcome`) and writes the executed notebook once (`executed`).
"""
