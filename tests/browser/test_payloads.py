"""Whatever a name, a file, an output, a traceback or a comment holds: in the panel's views it stays text."""

import base64
import json

import msgspec
import pytest
from tests.browser.notebooks import write_notebook
from tests.interfaces.panel_view.test_panel_view import known

from pressrun.records.comparison import ValueComparison
from pressrun.records.panel.comparison import DiffLine, OutputPair, PanelComparison, ShownTable, TableCell
from pressrun.records.panel.jobs import Job, JobFailure
from pressrun.records.panel.notebooks import PanelCheck
from pressrun.records.panel.versions import PanelDecision, PanelFinding, PanelHistory, PanelReign

RUN = "window.ran=(window.ran||0)+1;fetch('/canary');alert(1)"
BASE = (
    f"<img src=x onerror=\"{RUN}\">",
    f"<script>{RUN}</script>",
    f"<svg onload=\"{RUN}\"></svg>",
    f"<svg><script>{RUN}</script></svg>",
    f"\"><img src=x onerror={RUN}>",
    f"'><img src=x onerror={RUN}>",
    "<iframe srcdoc=\"<script>parent.ran=1;parent.fetch('/canary')</script>\"></iframe>",
    "<iframe src=\"javascript:parent.fetch('/canary')\"></iframe>",
    f"<a href=\"javascript:{RUN}\">press me</a>",
    f"[press me](javascript:{RUN})",
    f"![x](x\" onerror=\"{RUN})",
    f"<details open ontoggle=\"{RUN}\">",
    f"<input autofocus onfocus=\"{RUN}\">",
    f"<body onpageshow=\"{RUN}\">",
    f"<math><mtext><img src=x onerror=\"{RUN}\"></mtext></math>",
    "<img src=/canary>",
    "<link rel=stylesheet href=/canary>",
    "<object data=/canary></object>",
    "<style>@import '/canary'; * { background: url(/canary) }</style>",
    "<button data-commandlinker-command=\"notebook:run-all-cells\">press me</button>",
    "{{constructor.constructor('fetch(\"/canary\")')()}} ${fetch('/canary')} <%= 1 %>",
    "&lt;script&gt;fetch('/canary')&lt;/script&gt; \\u003cscript\\u003e \x1b]8;;javascript:fetch('/canary')\x07x",
    "</pre></code></td></table></div><img src=x onerror=\"fetch('/canary')\">",
    "<!-- <textarea><title>",
)  # fmt: skip
HOSTILE = " ".join(BASE)
ACTIVE = " ".join(one for one in BASE if "window.ran" in one)  # JupyterLab itself loads images that outputs name
FOREIGN = """place => [...document.querySelectorAll(place)].flatMap(root => [...root.querySelectorAll(
    "script, iframe, object, embed, link, style, form, base, math, a, textarea:not(.pr-Field-control)," +
    "img:not([src^='data:image/'])"
)].map(node => node.outerHTML.slice(0, 120)).concat(
    [...root.querySelectorAll("*")].flatMap(node => [...node.attributes])
        .filter(one => one.name.startsWith("on") || one.name.startsWith("data-commandlinker") || one.name === "srcdoc")
        .map(one => `${one.name}=${one.value}`.slice(0, 120))
))"""


class Watched:
    """A page of which everything is noticed that a payload may do."""

    def __init__(self, lab):
        self.lab = lab
        self.canaries = []
        lab.page.on("request", self._requested)

    def _requested(self, request):
        if request.url.partition("?")[0].endswith("/canary"):
            self.canaries.append(request.url)

    def ran(self):
        """Return what has run so far."""
        count = self.lab.page.evaluate("() => window.ran || 0")
        return [*self.lab.dialogs, *self.canaries, *([f"{count} scripts"] if count else [])]


@pytest.fixture
def watched(server, project, open_lab):
    lab = open_lab(server)
    seen = Watched(lab)
    write_notebook(
        project / "plain.ipynb", "%load_ext pressrun", "%%register step one\nx = 1", "%%register model two\ny = 2"
    )
    return seen


def svg():
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="{RUN}"><script>{RUN}</script></svg>'
    return base64.b64encode(drawn.encode()).decode()


def comparison():
    lines = (DiffLine(kind="changed", left=HOSTILE, right=HOSTILE), DiffLine(kind="added", right=HOSTILE))
    table = ShownTable(header=(HOSTILE, "b"), rows=((HOSTILE, "1"), ("2", HOSTILE)))
    pair = OutputPair(
        cell=1, output=0, mime="text/html", sameness="different", reason=HOSTILE, comparator=HOSTILE, lines=lines
    )
    image = msgspec.structs.replace(
        pair, output=1, kind="image", mime="image/svg+xml", expected_image=svg(), found_image=svg(), lines=()
    )
    shown = msgspec.structs.replace(
        pair, output=2, kind="table", expected_table=table, found_table=table,
        table_differences=(TableCell(row=0, column=0),), lines=(),
    )  # fmt: skip
    return PanelComparison(
        job="a" * 32, title=HOSTILE, sameness="different", cause=HOSTILE, pairs=(pair, image, shown), notes=(HOSTILE,),
        against=HOSTILE,
        values=(
            ValueComparison(
                name=HOSTILE, kind="metric", expected=HOSTILE, found=HOSTILE, sameness="different", reason=HOSTILE
            ),
        ),
    )  # fmt: skip


def hostile_state(real):
    """Return what a server says of a notebook, with payloads in every place that is text."""
    state = known(HOSTILE).state
    cells = tuple(msgspec.convert(cell, type(state.cells[0])) for cell in real["cells"])
    failure = JobFailure(
        verdict="failed", message=HOSTILE, cell=1, cell_id="cell-1", line=1, exception=HOSTILE, traceback=HOSTILE
    )
    job = Job(
        id="a" * 32, number=7, kind="replay", notebook=real["path"], state="failed", created="2026-11-29T07:10:00Z",
        by=HOSTILE, parameters={HOSTILE: HOSTILE}, message=HOSTILE, remedy=HOSTILE, failure=failure, comparable=True,
        notes=(HOSTILE,), executed=real["path"], source=real["source"],
    )  # fmt: skip
    ended = msgspec.structs.replace(
        job, id="b" * 32, number=6, state="differs", failure=None, different=2, bundle_name=HOSTILE
    )
    captured = msgspec.structs.replace(
        known(HOSTILE).captured,
        cells=tuple(
            msgspec.structs.replace(receipt, cell_id="cell-1", changed=(HOSTILE,), borrowed={HOSTILE: HOSTILE})
            for receipt in known(HOSTILE).captured.cells
        ),
    )
    return msgspec.structs.replace(
        state, path=real["path"], project=real["project"], source=real["source"], cells=cells, captured=captured,
        jobs=(job, ended), unreadable=(HOSTILE,), name=HOSTILE, kernel=HOSTILE,
    )  # fmt: skip


ANSWERS = {
    "doctor": (PanelCheck(id=HOSTILE, level="blocking", text=HOSTILE, remedy=HOSTILE, cell=1),),
    "health": known(HOSTILE).health,
    "history": PanelHistory(
        name=HOSTILE, environment=HOSTILE,
        reigns=(PanelReign(number=1, since="2026-11-29T07:10:00Z", by=HOSTILE, how=HOSTILE, reason=HOSTILE,
                           approved_by=(HOSTILE,)),),
    ),
    "decision": PanelDecision(
        reference=HOSTILE, environment=HOSTILE, allowed=False, binding=True, ready=False, mode=HOSTILE, policy=HOSTILE,
        verdict=HOSTILE,
        findings=(PanelFinding(check=HOSTILE, title=HOSTILE, outcome="fail", observed=HOSTILE, required=HOSTILE,
                               set_by=HOSTILE, fix=HOSTILE, who=HOSTILE),),
    ),
}  # fmt: skip


def answer_hostile(route):
    """Give the server's answer with payloads in it."""
    name = route.request.url.split("/pressrun/")[1].split("?")[0]
    if name == "notebook":
        real = route.fetch().json()
        route.fulfill(body=msgspec.json.encode(hostile_state(real)), content_type="application/json")
    elif name.endswith("/comparison"):
        route.fulfill(body=msgspec.json.encode(comparison()), content_type="application/json")
    elif name in ANSWERS:
        route.fulfill(body=msgspec.json.encode(ANSWERS[name]), content_type="application/json")
    else:
        route.continue_()


def looked(lab, place):
    """Return how often all payloads stand as text in a place, in which nothing became markup."""
    lab.page.locator(place).wait_for()
    assert lab.page.evaluate(FOREIGN, place) == [], place
    return lab.page.locator(place).inner_text().count("<svg onload")


def open_all(lab):
    for section in ("versions", "health"):
        lab.section(section)
    closed = lab.panel.locator('.pr-Row-opener[aria-expanded="false"], details:not([open]) > summary')
    while closed.count():
        closed.first.evaluate("opener => opener.click()")


def test_what_a_hostile_server_or_kernel_says_stays_text(watched, server, project):
    lab = watched.lab
    lab.page.route("**/pressrun/**", answer_hostile)
    lab.open(f"{project.name}/plain.ipynb")
    lab.show_panel()
    lab.await_row("replays", "Replay 7")
    open_all(lab)
    shown = looked(lab, "#pressrun-panel")
    lab.command("pressrun:compare", {"job": "b" * 32})
    shown += looked(lab, ".pr-Comparison")
    lab.command("pressrun:history")
    shown += looked(lab, ".pr-History")
    lab.command("docmanager:open", {"path": f"{project.name}/plain.ipynb"})
    lab.command("pressrun:request-approval", {"environment": "production"}, wait=False)
    shown += looked(lab, ".pr-FormBody")
    lab.page.keyboard.press("Escape")
    assert shown * len(BASE) >= 200, shown
    for command in ("refresh", "show-panel"):
        lab.command(f"pressrun:{command}")
    assert watched.ran() == []
    assert lab.errors == []


def output(**data):
    return {"output_type": "display_data", "metadata": {}, "data": data}


def test_a_hostile_notebook_is_captured_replayed_and_compared(watched, server, project):
    """Names of files, values, an exception, and saved outputs of every sort that a replay does not give again."""
    lab = watched.lab
    names = [one.replace("/", "_")[:200] for one in BASE if "\x07" not in one]
    for name in names:
        (project / name).write_text("x")
    path = write_notebook(
        project / "hostile.ipynb",
        "%load_ext pressrun",
        f"%%register parameters\nword = {HOSTILE!r}",
        f"%%register data load\nfor name in {names!r}:\n    open(name).close()",
        f"%%register report\nshown = word  # {BASE[0]}\nprint(shown[5:])",
        "%%register report\n1",
    )
    content = json.loads(path.read_text())
    content["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ACTIVE}]
    mimes = ("text/html", "text/markdown", "text/latex", "image/svg+xml", "application/javascript", "text/plain")
    content["cells"][4]["outputs"] = [output(**{"text/plain": ACTIVE, mime: ACTIVE}) for mime in mimes]
    path.write_text(json.dumps(content))
    lab.open(f"{project.name}/hostile.ipynb")
    lab.show_panel()
    lab.await_state("no-extension")
    lab.primary.click()
    lab.await_state("not-captured")
    lab.order("replay")
    lab.await_state("differs")
    lab.command("pressrun:compare")
    lab.page.locator(".pr-Comparison").wait_for()
    assert "onerror" in lab.page.locator(".pr-Comparison").inner_text()
    assert lab.page.evaluate(FOREIGN, ".pr-Comparison") == []
    lab.command("docmanager:open", {"path": f"{project.name}/hostile.ipynb"})
    lab.await_ready()
    lab.run_all()
    lab.await_state("ready", "differs")
    lab.source(4, "%%register step bad\nraise ValueError(word)")
    lab.order("replay")
    lab.await_state("failed")
    open_all(lab)
    assert "onerror" in lab.section("captured").inner_text()
    assert "onerror" in lab.section("replays").inner_text()
    assert lab.page.evaluate(FOREIGN, "#pressrun-panel") == []
    assert watched.ran() == []


def test_the_payloads_do_run_where_they_become_markup(watched, project):
    lab = watched.lab
    lab.open(f"{project.name}/plain.ipynb")
    lab.page.evaluate(
        """text => {
            const node = document.createElement("div");
            node.id = "naive";
            node.innerHTML = text;
            document.body.append(node);
        }""",
        HOSTILE,
    )
    lab.page.wait_for_function("() => window.ran > 0")
    assert watched.canaries
    assert lab.dialogs
    assert len(lab.page.evaluate(FOREIGN, "#naive")) > 10
