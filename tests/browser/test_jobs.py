"""Replays ordered in the panel: progress, failure and the way to its cell, and a server that dies meanwhile."""

import re

from tests.browser.notebooks import small_project, write_notebook


def test_a_replay_is_ordered_followed_and_told(server, project, open_lab):
    """It waits in a cell until a file is there that is made when the progress was seen."""
    go = str(project / "go")
    wait = f"import os, time\nwhile not os.path.exists({go!r}):\n    time.sleep(0.02)"
    write_notebook(
        project / "wait.ipynb", "%%register parameters\nlimit = 3", wait, "%%register step end\nprint(limit)"
    )
    lab = open_lab(server, f"{project.name}/wait.ipynb")
    lab.show_panel()
    lab.order("replay", limit="5")
    lab.await_state("replaying")
    bar = lab.section("replays").get_by_role("progressbar")
    bar.wait_for()
    lab.await_text(re.compile(r"cell 1 \(\d of \d\)"))
    assert int(bar.get_attribute("aria-valuenow")) > 0
    (project / "go").touch()
    lab.panel.locator(".pr-Header:not([data-state=replaying])").wait_for()
    row = lab.await_row("replays", "Replay 1")
    row.locator(".pr-Row-opener").click()
    assert "limit = 5" in row.inner_text()
    assert lab.errors == []


def test_a_failed_replay_leads_to_the_cell_and_line_that_failed(server, project, open_lab):
    broken = "%%register step broken\ny = x\nif y:\n    raise KeyError('age')"
    write_notebook(project / "bad.ipynb", "#md # Bad", "x = 1", broken, "z = 2")
    lab = open_lab(server, f"{project.name}/bad.ipynb")
    lab.show_panel()
    lab.order("replay")
    lab.await_state("failed")
    assert "failed at cell 2" in lab.line
    assert "age" in lab.line
    assert lab.active_cell == 0
    lab.primary.click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 2")
    lab.source(2, "%%register step broken\ny = x")
    lab.save()
    lab.panel.locator(".pr-Header:not([data-state=failed])").wait_for()
    lab.order("replay")
    lab.await_row("replays", "Replay 2").get_by_text("ran to the end").wait_for()
    assert lab.errors == []


def test_a_replay_is_stopped(server, project, open_lab):
    write_notebook(project / "endless.ipynb", "import time\nwhile True:\n    time.sleep(0.1)")
    lab = open_lab(server, f"{project.name}/endless.ipynb")
    lab.show_panel()
    lab.order("replay")
    lab.await_text("cell 0 (0 of 1)")
    lab.primary.click()
    lab.await_state("not-finished")
    assert "stopped" in lab.line


def test_a_job_outlives_the_server_that_is_killed(lab_python, new_server, open_lab):
    """The job ends while no server is there; the next one tells its result."""
    server = new_server(lab_python)
    folder = server.root / "p"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    small_project(folder)
    go = str(folder / "go")
    wait = f"import os, time\nwhile not os.path.exists({go!r}):\n    time.sleep(0.02)"
    write_notebook(folder / "wait.ipynb", "%%register step one\nx = 1", wait, "%%register step two\nprint(x + 1)")
    lab = open_lab(server, "p/wait.ipynb")
    lab.show_panel()
    lab.order("replay")
    lab.await_text("cell 1 (1 of 3)")
    server.kill()
    lab.command("pressrun:refresh", wait=False)
    lab.await_state("offline")
    (folder / "go").touch()
    server.start()
    again = open_lab(server)
    again.open("p/wait.ipynb")
    again.show_panel()
    row = again.await_row("replays", "Replay 1")
    row.get_by_text("ran to the end").wait_for()
    row.locator(".pr-Row-opener").click()
    assert "3" in row.inner_text()
    assert again.errors == []
