"""The panel beside a notebook that is worked with: it follows the kernel whatever becomes of page and kernel."""

import re

import pytest
from tests.browser.notebooks import SMALL, small_project, write_notebook

CAPTURED = re.compile(r"cell \d · captured")


@pytest.fixture
def lab(server, project, open_lab):
    small_project(project)
    page = open_lab(server, f"{project.name}/orders.ipynb")
    page.show_panel()
    return page


def captured(page):
    """Return how many rows of the steps say that they are captured."""
    return len(CAPTURED.findall(page.section("steps").inner_text()))


def test_a_capture_is_followed_cell_by_cell_and_a_row_leads_to_its_cell(lab):
    lab.await_state("no-extension")
    assert lab.line.split("\n")[-1] == "Capture is off in this kernel"
    lab.primary.click()
    lab.await_state("not-captured")
    lab.run_cell(2)
    lab.await_state("partial")
    assert "1 of 3 cells captured" in lab.line
    lab.primary.click()
    lab.await_state("ready")
    assert captured(lab) == 3
    lab.select_cell(0)
    lab.await_row("steps", "count").locator(".pr-Row-main").click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 4")
    assert lab.errors == []


def test_what_changed_since_the_capture_is_told_and_run_again(lab, project):
    lab.run_all()
    lab.await_state("ready")
    lab.source(4, "%%register step count\nn = 5\nprint(n)")
    lab.await_state("stale")
    assert "cell 4" in lab.line
    lab.primary.click()
    lab.await_state("ready")
    (project / "orders.csv").write_text("south,1\n")
    lab.command("pressrun:refresh")
    lab.await_state("stale")
    lab.await_text("1 file, 1 changed")
    lab.command("pressrun:run-all")
    lab.await_state("ready")


@pytest.mark.parametrize("spelling", ["metadata", "%%register", "# %register"])
def test_a_cell_that_is_registered_in_the_panel_is_captured_however_that_is_written(
    server, project, open_lab, spelling
):
    write_notebook(project / "plain.ipynb", "%load_ext pressrun", "x = 1")
    lab = open_lab(server, f"{project.name}/plain.ipynb")
    lab.show_panel()
    lab.await_state("unmarked")
    lab.select_cell(1)
    lab.order("register-cell", kind="step", name="first", spelling=spelling)
    lab.await_row("steps", "first")
    lab.primary.click()
    lab.await_state("not-captured")
    assert ("register" in lab.source(1)) == (spelling != "metadata")
    lab.primary.click()
    lab.await_state("ready")
    assert captured(lab) == 1


def test_the_kernel_answers_the_panel_while_a_cell_runs(server, project, open_lab):
    """The cell ends when a file is there that is made after the answer has come."""
    small_project(project)
    go = str(project / "go")
    waiting = f"%%register step slow\nimport os, time\nwhile not os.path.exists({go!r}):\n    time.sleep(0.02)"
    write_notebook(project / "orders.ipynb", *SMALL, waiting)
    lab = open_lab(server, f"{project.name}/orders.ipynb")
    lab.show_panel()
    lab.command("notebook:run-all-cells", wait=False)
    lab.await_text("cell 5 · running")
    lab.await_state("busy")
    assert captured(lab) == 3
    lab.command("pressrun:undo-capture", {"cellId": "cell-2"})
    lab.await_text("cell 2 · not run")
    lab.await_text("cell 5 · running")
    second = open_lab(server, context=lab.page.context)
    second.open(f"{project.name}/orders.ipynb", wait=False)
    second.await_app()
    second.show_panel()
    second.await_text("cell 4 · captured")
    lab.await_state("busy")
    (project / "go").touch()
    lab.await_state("partial")
    ended = re.compile(r"cell 5 · (captured|partial)")  # partial where the server looked into the new file meanwhile
    lab.await_text(ended)
    second.await_text(ended)


def test_a_restarted_kernel_and_a_reloaded_page_are_followed_again(lab):
    lab.run_all()
    lab.await_state("ready")
    lab.command("notebook:restart-kernel", wait=False)
    lab.accept()
    lab.await_ready()
    lab.await_text("cell 4 · captured")
    assert captured(lab) == 3
    lab.source(4, "%%register step count\nn = 5")
    lab.await_state("no-extension")
    lab.primary.click()
    lab.await_state("stale")
    lab.run_cell(4)
    lab.await_state("ready")
    lab.save()
    lab.page.reload(wait_until="domcontentloaded")
    lab.await_ready()
    lab.show_panel()
    lab.await_state("ready")
    lab.source(4, "%%register step count\nn = 6")
    lab.await_state("stale")
    lab.run_cell(4)
    lab.await_state("ready")
    assert lab.errors == []


def test_a_second_tab_sees_the_same(lab, server, project, open_lab):
    lab.run_all()
    lab.await_state("ready")
    second = open_lab(server, context=lab.page.context)
    second.open(f"{project.name}/orders.ipynb")
    second.show_panel()
    second.await_state("ready")
    second.source(4, "%%register step count\nn = 7")
    second.await_state("stale")
    second.run_cell(4)
    second.await_state("ready")
    lab.source(4, "%%register step count\nn = 7")
    lab.await_state("ready")


def test_nothing_is_asked_while_the_panel_is_hidden(lab, server, project):
    part = f"{project.name}%2F"
    lab.await_state("no-extension")
    lab.run_all()
    lab.await_state("ready")
    lab.command("filebrowser:activate")
    lab.panel.wait_for(state="hidden")
    before = len(server.asked())
    for number in range(3):
        lab.source(4, f"%%register step count\nn = {number}")
        lab.run_cell(4)
        lab.save()
    (project / "orders.csv").write_text("south,1\n")
    lab.page.wait_for_timeout(100)
    assert [said["uri"] for said in server.asked()[before:]] == []
    lab.show_panel()
    lab.await_state("stale")
    assert [said for said in server.asked()[before:] if part in said["uri"]]
