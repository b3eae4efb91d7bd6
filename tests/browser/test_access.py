"""Who does not use a mouse, sees little, or has little room: axe in three themes, keyboard, a narrow panel, zoom."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.browser.notebooks import SMALL, small_project, write_notebook

THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
         "rules": {"region": {"enabled": False}}}  # fmt: skip  # the page's landmarks are JupyterLab's own
OVERFLOWS = """() => {
    const panel = document.querySelector("#pressrun-panel");
    const right = panel.getBoundingClientRect().right;
    const told = [];
    for (const node of panel.querySelectorAll("*")) {
        const box = node.getBoundingClientRect();
        const isHidden = box.width <= 1 || box.height <= 1 || getComputedStyle(node).visibility === "hidden";
        if (!isHidden && box.right > right + 1 && !node.closest("pre, .pr-hidden")) {
            told.push([node.tagName, String(node.className), box.right - right, node.textContent.slice(0, 40)]);
        }
    }
    if (panel.scrollWidth > panel.clientWidth + 1) { told.push(["panel", panel.scrollWidth, panel.clientWidth]); }
    return told;
}"""


@pytest.fixture(scope="module")
def folder(server):
    """Give a project whose notebook has run and been replayed with a difference, and failed before that."""
    made = server.root / "access"
    made.mkdir()
    (made / "pyproject.toml").write_text("[project]\nname = 'pilots'\nversion = '1'\n")
    small_project(made)
    return made


@pytest.fixture
def lab(server, folder, open_lab):
    """Give a page whose panel has something in most of its sections, rows opened."""
    count = "%%register step count\nimport random\nn = random.random()\nprint(n)"
    write_notebook(folder / "orders.ipynb", *SMALL[:4], count)
    page = open_lab(server, "access/orders.ipynb")
    page.show_panel()
    page.run_all()
    page.await_state("ready", "differs")
    page.order("replay")
    page.await_state("differs")
    return page


def opened(lab):
    """Open every row and section of the panel."""
    for section in ("versions", "health"):
        lab.section(section)
    closed = lab.panel.locator('.pr-Row-opener[aria-expanded="false"]')
    while closed.count():
        closed.first.evaluate("opener => opener.click()")


def change_theme(lab, theme):
    lab.command("apputils:change-theme", {"theme": theme})
    lab.page.wait_for_function(
        """theme => document.body.dataset.jpThemeName === theme
            && getComputedStyle(document.body).getPropertyValue("--jp-ui-font-size1") !== "" """,
        arg=theme,
    )
    lab.page.locator("#jupyterlab-splash").wait_for(state="detached")


def make_tall(lab):
    """Give the page so much height that nothing is scrolled half out: what is clipped is no target, and has no text."""
    lab.page.set_viewport_size({"width": 1280, "height": 2400})
    lab.page.wait_for_function("() => document.querySelector('#pressrun-panel').clientHeight > 2200")


def violations(lab, place):
    """Return what axe finds below a place of the page."""
    # JupyterLab's body has no height of its own, and axe takes all in it for hidden when it looks at contrast
    lab.page.add_style_tag(content="html, body { height: 100% }")
    found = Axe().run(lab.page, context={"include": [[place]], "exclude": [["jp-button"]]}, options=RULES)
    looked = {one["id"]: len(one["nodes"]) for one in [*found.response["passes"], *found.response["violations"]]}
    assert looked.get("color-contrast", 0) > 3, looked
    return [
        (one["id"], node["target"], node.get("failureSummary", "")[:300])
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


def test_axe_finds_nothing_in_any_theme(lab):
    make_tall(lab)
    opened(lab)
    lab.command("pressrun:compare")
    view = lab.page.locator(".pr-Comparison")
    view.wait_for()
    for theme in THEMES:
        change_theme(lab, theme)
        assert violations(lab, "#pressrun-panel") == [], theme
        assert violations(lab, ".pr-Comparison") == [], theme
    lab.command("pressrun:register-cell", {"cellId": "cell-3"}, wait=False)
    lab.dialog.wait_for()
    for theme in THEMES:
        change_theme(lab, theme)
        assert violations(lab, ".jp-Dialog") == [], theme


def test_axe_does_look(lab):
    make_tall(lab)
    lab.page.add_style_tag(content="#pressrun-panel * { color: #aaa !important; background: #fff !important }")
    assert {rule for rule, *_ in violations(lab, "#pressrun-panel")} == {"color-contrast"}


def test_the_panel_in_a_cells_output_is_read_in_every_theme(server, folder, open_lab):
    write_notebook(
        folder / "shown.ipynb", *SMALL[:4], "%%register step bad\n1 / 0", "import pressrun\npressrun.panel()"
    )
    lab = open_lab(server, "access/shown.ipynb", viewport={"width": 1280, "height": 2400})
    for index in range(1, 6):
        lab.run_cell(index)
    shown = lab.page.locator(".jp-OutputArea .pressrun-panel")
    shown.wait_for()
    assert "data orders" in shown.inner_text()
    lab.page.evaluate("() => document.querySelectorAll('.pressrun-panel details').forEach(one => { one.open = true; })")
    for theme in THEMES:
        change_theme(lab, theme)
        assert violations(lab, ".jp-OutputArea .pressrun-panel") == [], theme
    lab.page.add_style_tag(content=".pressrun-panel * { color: #888 !important; background: #999 !important }")
    assert violations(lab, ".jp-OutputArea .pressrun-panel")


def test_everything_is_reached_and_used_by_keyboard(lab):
    lab.panel.locator(".pr-Header button").focus()
    reached = []
    for _ in range(40):
        lab.page.keyboard.press("Tab")
        focused = lab.page.evaluate(
            """() => {
                const node = document.activeElement;
                if (!document.querySelector("#pressrun-panel").contains(node)) { return null; }
                const style = getComputedStyle(node);
                return [node.textContent, style.outlineStyle !== "none" || style.boxShadow !== "none"];
            }"""
        )
        if focused is None:
            break
        reached.append(focused)
    said = [text for text, _ in reached]
    assert all(is_marked for _, is_marked in reached), reached
    assert any("parameters" in text for text in said)
    assert lab.primary.inner_text() in said
    assert any("Replay" in text for text in said)

    lab.panel.locator('[data-section="steps"] .pr-Row-main[tabindex="0"]').focus()
    press = lab.page.keyboard.press
    press("ArrowDown")
    press("ArrowRight")
    lab.section("steps").get_by_text("Edit the registration…").wait_for()
    press("ArrowLeft")
    lab.section("steps").get_by_text("Edit the registration…").wait_for(state="detached")
    press("End")
    press("Enter")
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 4")
    lab.panel.locator('[data-section="steps"] .pr-Row-main[tabindex="0"]').focus()
    press("Escape")
    lab.page.wait_for_function("() => document.activeElement.closest('.jp-Notebook') !== null")


def test_a_narrow_panel_and_a_page_at_200_percent_lose_nothing(lab, server, open_lab):
    opened(lab)
    handle = lab.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle:not(.lm-mod-hidden)").first
    box = handle.bounding_box()
    left = lab.panel.bounding_box()["x"]
    lab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 300)
    lab.page.mouse.down()
    lab.page.mouse.move(left + 250, box["y"] + 300, steps=3)
    lab.page.mouse.up()
    lab.page.wait_for_function("() => document.querySelector('#pressrun-panel').clientWidth <= 255")
    assert lab.page.evaluate(OVERFLOWS) == []
    assert lab.primary.is_visible()

    zoomed = open_lab(server, viewport={"width": 640, "height": 450}, device_scale_factor=2)
    zoomed.open("access/orders.ipynb")
    zoomed.show_panel()
    zoomed.await_state("differs")
    opened(zoomed)
    assert zoomed.page.evaluate(OVERFLOWS) == []
    shown = zoomed.primary.bounding_box()
    assert shown["y"] + shown["height"] <= 450, json.dumps(shown)
    zoomed.page.add_style_tag(content=".pr-Header-line { min-width: 700px }")
    assert zoomed.page.evaluate(OVERFLOWS)  # too wide is seen
