"""The reference of the panel's routes lists every route as the server has it."""

from pathlib import Path

from pressrun.interfaces.lab.failures import _STATUS
from pressrun.interfaces.lab.reference import routes_table
from pressrun.interfaces.lab.routes import ROUTES
from pressrun.interfaces.lab.watching import MANY, SCHEMA_ID
from pressrun.store.jobs import ALIVE, KEPT, ORDER, PROCESS, PROGRESS, RESULT, STOP

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "lab-api.md").read_text(encoding="utf-8")


def test_the_page_holds_the_table_of_all_routes():
    table = TEXT.split("routes_table -->\n")[1].split("<!-- end -->")[0]
    assert table == routes_table(ROUTES)


def test_the_page_names_every_status_file_and_figure():
    for status in {int(status) for _, status in _STATUS} | {405, 413, 415, 500}:
        assert f"| {status} | " in TEXT
    for file in (ORDER, PROCESS, ALIVE, PROGRESS, STOP, RESULT, "comparison.json", "executed.ipynb", "log.txt"):
        assert f"`{file}`" in TEXT
    assert f"newest {KEPT} jobs" in TEXT
    assert f"more than {MANY} cells" in TEXT
    assert SCHEMA_ID in TEXT
