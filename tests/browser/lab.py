"""A page of JupyterLab or Notebook 7 as a person uses it: open, run, look at the panel."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any

from tests.browser.servers import JupyterServer

IDLE = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const kernel = panel && panel.context && panel.context.sessionContext.session
        ? panel.context.sessionContext.session.kernel : null;
    return panel !== null && panel.context !== undefined && panel.context.isReady && kernel !== null
        && kernel.connectionStatus === "connected" && kernel.status === "idle";
}"""


class LabPage:
    """One page.

    Args:
        page: of playwright.
        server: that it is of.
    """

    def __init__(self, page: Any, server: JupyterServer) -> None:
        self.page = page
        self.server = server
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        self.console: list[str] = []
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.console.append(f"{said.type}: {said.text}"))

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.accept()

    @property
    def panel(self) -> Any:
        """The panel."""
        return self.page.locator("#pressrun-panel")

    @property
    def state(self) -> str:
        """The id of the state that the panel's header shows."""
        return str(self.panel.locator(".pr-Header").get_attribute("data-state"))

    @property
    def line(self) -> str:
        """The line that the panel's header shows."""
        return str(self.panel.locator(".pr-Header-line").inner_text())

    @property
    def primary(self) -> Any:
        """The panel's one primary button."""
        return self.panel.locator(".pr-Footer .pr-mod-primary")

    def open(self, path: str, *, wait: bool = True) -> None:
        """Open a notebook in a workspace of its own, and wait until its kernel is ready."""
        place = f"lab/workspaces/{secrets.token_hex(4)}/tree/" if self.server.app == "lab" else "notebooks/"
        self.page.goto(f"{self.server.url}{place}{path}?token={self.server.token}", wait_until="domcontentloaded")
        if wait:
            self.await_ready()

    def await_ready(self) -> None:
        """Wait until a notebook is shown and its kernel is ready."""
        self.await_app()
        self.page.wait_for_function(IDLE)

    def await_app(self) -> None:
        """Wait until the application is there; a second tab is sent to a workspace of its own meanwhile."""
        self.page.wait_for_function(
            "() => window.jupyterapp !== undefined && window.jupyterapp.restored.then(() => true)"
        )

    def command(self, name: str, arguments: dict[str, Any] | None = None, *, wait: bool = True) -> None:
        """Execute a command of the application; wait for its end unless `wait` is false."""
        call = "([name, given]) => {{ const done = window.jupyterapp.commands.execute(name, given); {} }}"
        ending = "return done.then(() => null);" if wait else "done.catch(() => null);"
        self.page.evaluate(call.format(ending), [name, arguments or {}])

    def show_panel(self) -> None:
        """Show the panel."""
        self.command("pressrun:show-panel")
        self.panel.wait_for()

    def await_state(self, *states: str, timeout: float = 30) -> None:
        """Wait until the panel is in one of these states."""
        told = self.panel.locator(", ".join(f'.pr-Header[data-state="{state}"]' for state in states))
        try:
            told.wait_for(timeout=timeout * 1000)
        except Exception as error:
            raise AssertionError(f"wanted {states}, is {self.state}: {self.panel.inner_text()}") from error

    def run_cell(self, index: int) -> None:
        """Run one cell as Shift+Enter does, and wait for its end."""
        self.select_cell(index)
        self.command("notebook:run-cell")

    def run_all(self) -> None:
        """Run all cells and wait for their end."""
        self.command("notebook:run-all-cells")

    def select_cell(self, index: int) -> None:
        """Make a cell the active one."""
        self.page.evaluate("index => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = index; }", index)

    @property
    def active_cell(self) -> int:
        """Index of the active cell."""
        return int(self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"))

    def source(self, index: int, text: str | None = None) -> str:
        """Return a cell's source, after making it `text` where that is given."""
        return str(
            self.page.evaluate(
                """([index, text]) => {
                    const model = window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel;
                    if (text !== null) { model.setSource(text); }
                    return model.getSource();
                }""",
                [index, text],
            )
        )

    def kernel_execute(self, code: str) -> str:
        """Run code in the page's kernel beside its cells; return what it printed."""
        return str(
            self.page.evaluate(
                """async code => {
                    const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
                    let text = "";
                    const future = kernel.requestExecute({ code, store_history: false });
                    future.onIOPub = message => {
                        if (message.header.msg_type === "stream") { text += message.content.text; }
                    };
                    await future.done;
                    return text;
                }""",
                code,
            )
        )

    def save(self) -> None:
        """Save the notebook."""
        self.command("docmanager:save")

    def section(self, name: str) -> Any:
        """Return a section of the panel by its id, opened."""
        found = self.panel.locator(f'[data-section="{name}"]')
        if not found.is_visible():
            title = {"replays": "Replay"}.get(name, name.capitalize())
            self.panel.locator(".jp-AccordionPanel-title, .lm-AccordionPanel-title", has_text=title).first.click()
        found.wait_for()
        return found

    @property
    def dialog(self) -> Any:
        """The dialog that is open."""
        return self.page.locator(".jp-Dialog")

    def fill(self, **texts: str) -> None:
        """Fill fields of the dialog that is open, by their names."""
        for name, text in texts.items():
            control = self.dialog.locator(f'[id="pr-field-{name}"]')
            if control.evaluate("control => control.tagName") == "SELECT":
                labels = control.locator("option").all_inner_texts()
                control.select_option(label=next(label for label in labels if label.split(":")[0] == text))
            else:
                control.fill(text)

    def accept(self) -> None:
        """Press the accepting button of the dialog that is open, and wait until the dialog is gone."""
        found = self.dialog.element_handle()
        self.dialog.locator("button.jp-mod-accept, button.jp-mod-warn").last.click()
        found.wait_for_element_state("hidden")

    def order(self, action: str, arguments: dict[str, Any] | None = None, **texts: str) -> None:
        """Do one of the panel's actions that asks in a dialog first; a notebook with changes is saved when it asks."""
        self.command(f"pressrun:{action}", arguments, wait=False)
        self.dialog.wait_for()
        if self.dialog.get_by_text("Save and go on").count():
            self.accept()
            self.page.locator(".jp-Dialog.pr-Dialog").wait_for()
        self.fill(**texts)
        self.accept()

    def await_text(self, text: str | re.Pattern[str]) -> None:
        """Wait until the panel says something."""
        self.panel.get_by_text(text).first.wait_for()

    def await_row(self, section: str, text: str) -> Any:
        """Wait for a row of a section that holds `text`, and return it."""
        row = self.section(section).locator(".pr-Row", has_text=text).first
        row.wait_for()
        return row

    def report(self, file: Path) -> None:
        """Put what the page shows into a file and print what it said."""
        self.page.screenshot(path=str(file))
        print(f"{self.page.url}: see {file}")
        print(json.dumps({"errors": self.errors, "console": self.console[-30:], "dialogs": self.dialogs}, indent=1))
        if self.panel.count():
            print(self.panel.inner_text())
