"""The same wheel in Notebook 7, and in the oldest JupyterLab that is supported, with ipykernel 6."""

import pytest
from tests.browser.notebooks import small_project, write_notebook


@pytest.fixture(scope="session")
def old_python(lab_environment):
    """Give the python of an environment with JupyterLab 4.2 and ipykernel 6."""
    return lab_environment("lab42", "jupyterlab>=4.2,<4.3", "ipykernel>=6.29,<7", constraints="")


def folder_in(server):
    made = server.root / "p"
    made.mkdir()
    (made / "pyproject.toml").write_text("[project]\nname = 'pilots'\nversion = '1'\n")
    small_project(made)
    return made


def test_notebook_7_has_the_panel(lab_python, new_server, open_lab):
    server = new_server(lab_python, app="notebook")
    folder_in(server)
    lab = open_lab(server, "p/orders.ipynb")
    lab.show_panel()
    lab.await_state("no-extension")
    lab.primary.click()
    lab.await_state("not-captured")
    lab.primary.click()
    lab.await_state("ready")
    lab.await_row("steps", "count").locator(".pr-Row-main").click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 4")
    lab.order("replay")
    lab.await_state("ready", "differs")
    lab.await_row("replays", "Replay 1")
    assert "cell 4 · captured" in lab.section("steps").inner_text()
    assert [error for error in lab.errors if "pressrun" in error] == []  # Notebook 7.6 has one of its own


def test_the_oldest_jupyterlab_and_ipykernel_6_have_it_too(old_python, new_server, open_lab):
    server = new_server(old_python)
    folder = folder_in(server)
    go = str(folder / "go")
    waiting = f"%%register step slow\nimport os, time\nwhile not os.path.exists({go!r}):\n    time.sleep(0.02)"
    write_notebook(folder / "slow.ipynb", "%load_ext pressrun", "%%register step one\nx = 1", waiting)
    lab = open_lab(server, "p/slow.ipynb")
    assert lab.page.evaluate("() => window.jupyterapp.version").startswith("4.2.")
    assert lab.kernel_execute("import ipykernel\nprint(ipykernel.__version__)").startswith("6.")
    lab.show_panel()
    lab.await_state("no-extension")
    lab.primary.click()
    lab.await_state("not-captured")
    lab.command("notebook:run-all-cells", wait=False)
    lab.await_state("busy")
    lab.await_text("cell 2 · running")
    lab.await_text("cell 1 · captured")
    (folder / "go").touch()
    lab.await_state("ready")
    lab.order("replay")
    lab.await_state("ready", "differs")
    assert lab.errors == []
