"""What the panel costs in the browser: the start of JupyterLab with and without it, and a notebook of 500 cells.

The same server, the same notebook and a fresh browser profile each time, with the extension and with it disabled, in
turns; the median of `--rounds` counts. One JSON line a figure. Milliseconds of wall time, so that only the difference
of the two sides on one machine says anything.

Figures: ``start``, from the request of the page until the application is restored and the notebook shown; ``tasks``,
what the main thread of the page was held up by tasks of more than 50 ms while a notebook of 500 cells is scrolled and
its cells are edited and run, panel shown: their number, their sum, and the longest; ``requests``, how many of ours the
server got meanwhile.

usage: panel.py [--rounds N] [--cells N]

Needs Chromium on PATH and the panel built (``make panel``).
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402
from tests.browser.conftest import ARGUMENTS  # noqa: E402
from tests.browser.lab import LabPage  # noqa: E402
from tests.browser.notebooks import write_notebook  # noqa: E402
from tests.browser.servers import JupyterServer  # noqa: E402

EXTENSION = "@pressrun/labextension"
OBSERVE = """() => {
    window.long = [];
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) { window.long.push(entry.duration); }
    }).observe({ type: "longtask", buffered: false });
}"""
WORK = """async () => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const pause = () => new Promise(resolve => setTimeout(resolve, 20));
    for (let index = 0; index < notebook.widgets.length; index += 10) {
        await notebook.scrollToItem(index);
        await pause();
    }
    for (let index = 2; index < notebook.widgets.length; index += 25) {
        notebook.activeCellIndex = index;
        const model = notebook.widgets[index].model.sharedModel;
        for (const letter of "# changed") {
            model.setSource(model.getSource() + letter);
            await pause();
        }
        await window.jupyterapp.commands.execute("notebook:run-cell");
    }
}"""


def environment(folder: Path) -> Path:
    """Make an environment with JupyterLab and the project's wheel; return its python."""
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    build = [*uv, "build", "--no-build-isolation", "--wheel", "--python", sys.executable, "--out-dir", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True)
    (wheel,) = folder.glob("*.whl")
    install = [*uv, "pip", "install", "--python", str(python), "--constraint", str(ROOT / "requirements" / "dev.txt")]
    subprocess.run([*install, f"pressrun[lab] @ {wheel.as_uri()}"], check=True)
    return python


def toggle(server: JupyterServer, *, enabled: bool) -> None:
    """Let pages that are opened from now on have the panel, or not."""
    folder = server.home / "config" / "labconfig"
    folder.mkdir(exist_ok=True)
    (folder / "page_config.json").write_text(json.dumps({"disabledExtensions": {} if enabled else {EXTENSION: True}}))


def measured(driver: Any, server: JupyterServer, path: str, *, enabled: bool) -> dict[str, float]:
    """Open the notebook in a fresh browser, work in it, and return the figures."""
    toggle(server, enabled=enabled)
    browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)
    lab = LabPage(context.new_page(), server)
    began = time.perf_counter()
    lab.open(path, wait=False)
    lab.await_app()
    lab.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    start = time.perf_counter() - began
    lab.await_ready()
    if enabled:
        lab.show_panel()
    lab.run_cell(0)
    asked = len(server.asked())
    lab.page.evaluate(OBSERVE)
    lab.page.evaluate(WORK)
    tasks = lab.page.evaluate("() => window.long")
    requests = len(server.asked()) - asked
    browser.close()
    return {
        "start_ms": start * 1000,
        "tasks": len(tasks),
        "tasks_ms": sum(tasks),
        "longest_ms": max(tasks, default=0.0),
        "requests": requests,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cells", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = environment(folder)
        root = folder / "root"
        root.mkdir()
        (root / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
        cells = [f"%%register step s{number}\nx{number} = {number}" for number in range(1, given.cells)]
        server = JupyterServer(python, root, folder / "home")
        server.start()
        found: dict[bool, list[dict[str, float]]] = {True: [], False: []}
        try:
            with sync_playwright() as driver:
                for number in range(given.rounds):
                    for enabled in (False, True):
                        # a name of its own each time: what earlier rounds captured is another notebook's
                        path = write_notebook(root / f"n{number}-{enabled}.ipynb", "%load_ext pressrun", *cells)
                        found[enabled].append(measured(driver, server, path.name, enabled=enabled))
        finally:
            server.stop()
    for figure in found[True][0]:
        without, with_ = (statistics.median(one[figure] for one in found[side]) for side in (False, True))
        line = {"benchmark": "panel", "figure": figure, "cells": given.cells, "without": without, "with": with_}
        print(json.dumps({**line, "added": round(with_ - without, 1)}))


if __name__ == "__main__":
    main()
