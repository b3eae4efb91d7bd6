"""The panel beside a notebook that is worked with."""

from tests.browser.notebooks import small_project


def test_capture_is_seen(server, project, open_lab):
    small_project(project)
    lab = open_lab(server, f"{project.name}/orders.ipynb")
    lab.show_panel()
    lab.await_state("no-extension", "not-captured")
    lab.run_all()
    lab.await_state("ready")
    assert "captured" in lab.panel.inner_text()
