"""References to secrets: how they are written, resolved and kept out of everything that is recorded."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from pressrun.errors import ParameterError, RefusedError
from pressrun.notebook.binding import bind_parameters, injection_source, with_references
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.package.neutral_notebook import neutral_notebook
from pressrun.notebook.read import read_notebook
from pressrun.notebook.replay.journal import Ended, JournalWriter, read_journal
from pressrun.notebook.schema import parameter_schema
from pressrun.notebook.secrets import (
    Blotter,
    blotter_for,
    files_of,
    live_secrets,
    look_ups_in,
    references_in,
    resolve,
    resolver_source,
    variables_for,
    without_given,
)
from pressrun.records.cells import Inspection, Notebook

VALUE = "k3y-Zq8#x/\"é'7"


def notebook_of(folder: Path, parameters: str) -> tuple[Notebook, Inspection]:
    cell = {"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "source": parameters, "outputs": [],
            "execution_count": None}  # fmt: skip
    path = folder / "nb.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))
    read = read_notebook(path)
    return read, inspect_notebook(read)


@pytest.fixture
def token(tmp_path: Path) -> Inspection:
    return notebook_of(tmp_path, "token: str = ''\nrows: int = 3\nheader = 'Bearer ' + token")[1]


def test_a_reference_is_looked_up_in_the_environment_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "API_TOKEN").write_text("from-a-file\n")
    monkeypatch.setenv("PRESSRUN_SECRETS", str(tmp_path))
    assert resolve(["secret://API_TOKEN"]) == {"API_TOKEN": "from-a-file"}
    monkeypatch.setenv("API_TOKEN", VALUE)
    assert resolve(["secret://API_TOKEN", "secret://file/API_TOKEN"]) == {
        "API_TOKEN": VALUE,
        "file/API_TOKEN": "from-a-file",
    }


@pytest.mark.parametrize(
    ("reference", "places"),
    [
        (
            "secret://GONE",
            ["variable GONE", "{folder}/GONE (No such file or directory)", "/run/secrets/GONE", "keyring"],
        ),
        ("secret://env/GONE", ["variable GONE"]),
        ("secret://file/GONE", ["{folder}/GONE", "/run/secrets/GONE"]),
        ("secret://keyring/db/me", ["keyring"]),
    ],
)
def test_a_reference_to_nothing_says_in_one_line_where_it_was_looked_for(
    reference: str, places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESSRUN_SECRETS", str(tmp_path))
    with pytest.raises(ParameterError) as caught:
        resolve([reference])
    assert "\n" not in caught.value.what
    assert all(place.format(folder=tmp_path) in caught.value.what for place in places)
    assert ("variable" in caught.value.what) == ("variable" in places[0])


@pytest.mark.parametrize(
    "reference", ["secret://", "secret://../etc/passwd", "secret://file/../../etc/passwd", "secret://file//etc/passwd",
                  "secret://vault/db/me", "secret://env/A B", "secret://NAME\n", "secret://.hidden"]
)  # fmt: skip
def test_what_is_no_name_is_no_reference_and_no_path(reference: str) -> None:
    with pytest.raises(ParameterError, match="no reference to a secret"):
        resolve([reference])


def test_a_keyring_is_asked_where_one_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "keyring"
    package.mkdir()
    (package / "__init__.py").write_text(
        "KNOWN = {('pressrun', 'API_TOKEN'): 'from-keyring', ('db', 'me'): 'of-the-db'}\n"
        "def get_password(service, user):\n    return KNOWN.get((service, user))\n"
    )
    (package / "errors.py").write_text("class KeyringError(Exception): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("API_TOKEN", raising=False)
    assert list(resolve(["secret://API_TOKEN", "secret://keyring/db/me"]).values()) == ["from-keyring", "of-the-db"]


def test_a_secret_that_is_too_short_to_be_told_from_other_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIN", "1234567")
    with pytest.raises(ParameterError, match="fewer than 8"):
        resolve(["secret://PIN"])


def test_the_injected_cell_holds_the_reference_and_resolves_it_without_pressrun(
    token: Inspection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", VALUE)
    values = bind_parameters(token, {}, ["token=secret://API_TOKEN"])
    assert values == {"token": "secret://API_TOKEN"}
    source = injection_source(token, values)
    assert VALUE not in source
    assert "pressrun." not in source
    namespace: dict[str, object] = {}
    exec(source, namespace)
    assert namespace["token"] == VALUE
    assert namespace["header"] == f"Bearer {VALUE}"
    assert set(namespace) == {"__builtins__", "token", "header"}


def test_a_default_that_is_a_reference_is_resolved_although_nothing_is_given(tmp_path: Path) -> None:
    inspection = notebook_of(tmp_path, "token = 'secret://API_TOKEN'\nrows = 3")[1]
    values = with_references(inspection, bind_parameters(inspection, {}, ["rows=4"]))
    assert values == {"token": "secret://API_TOKEN", "rows": 4}
    assert references_in([injection_source(inspection, values)]) == ("secret://API_TOKEN",)
    given = with_references(inspection, bind_parameters(inspection, {}, ["token=secret://file/OTHER"]))
    assert references_in([injection_source(inspection, given)]) == ("secret://file/OTHER",)


@pytest.mark.parametrize("words", [{"token": "Zq8kPw2L!7"}, {"token": "correct horse battery 9"}])
def test_a_secret_itself_is_refused_and_not_repeated(token: Inspection, words: dict[str, str]) -> None:
    with pytest.raises(RefusedError) as caught:
        bind_parameters(token, words)
    assert words["token"] not in str(caught.value)
    assert "-p token=secret://TOKEN" in caught.value.remedy


def test_a_known_token_is_refused_for_a_parameter_of_any_name(tmp_path: Path) -> None:
    inspection = notebook_of(tmp_path, "where = ''")[1]
    with pytest.raises(RefusedError):
        bind_parameters(inspection, {"where": "postgresql://me:Zq8kPw2L!7@db.internal/x"})
    assert bind_parameters(inspection, {"where": "postgresql://db.internal/x"})


def test_a_parameter_annotated_as_a_secret_takes_a_reference_alone(tmp_path: Path) -> None:
    inspection = notebook_of(tmp_path, "from pydantic import SecretStr\nopener: SecretStr = ''")[1]
    with pytest.raises(RefusedError):
        bind_parameters(inspection, {}, ["opener=Zq8kPw2L!7"])
    assert bind_parameters(inspection, {}, ["opener=secret://OPENER"])


def test_a_placeholder_and_a_harmless_value_are_taken(token: Inspection) -> None:
    for value in ("", "none", "changeme", "<token>"):
        assert bind_parameters(token, {"token": value}) == {"token": value}


def test_a_reference_within_another_value_is_refused(tmp_path: Path) -> None:
    inspection = notebook_of(tmp_path, "from pathlib import Path\nkeys = ['a']\nplace = Path('.')\nrows = 3")[1]
    for given in ({"keys": ["secret://A"]}, {"place": "secret://A"}, {"rows": "secret://A"}):
        with pytest.raises(ParameterError):
            bind_parameters(inspection, given)


def test_an_error_about_a_secret_parameter_does_not_repeat_what_was_given(tmp_path: Path) -> None:
    inspection = notebook_of(tmp_path, "token: str = 'a'")[1]
    for given, raw in (({"token": 12345678901}, ()), ({}, ("token=Zq8kPw2L!7", "token=Zq8kPw2L!7"))):
        with pytest.raises(ParameterError) as caught:
            bind_parameters(inspection, given, raw)
        assert "12345678901" not in str(caught.value)
        assert "Zq8kPw2L" not in str(caught.value)


def test_the_schema_takes_references_alone_for_a_secret_parameter(tmp_path: Path) -> None:
    inspection = notebook_of(tmp_path, "api_key: str = 'secret://API_KEY'\nrows = 3")[1]
    properties = parameter_schema(inspection)["properties"]
    assert properties["api_key"]["writeOnly"] is True
    assert properties["api_key"]["pattern"].startswith("^(secret://")
    assert "writeOnly" not in properties["rows"]


def test_papermill_may_inject_another_reference_into_the_bundle_s_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook, inspection = notebook_of(tmp_path, "token = 'secret://API_TOKEN'\nheader = 'Bearer ' + token")
    values = with_references(inspection, {})
    document = json.loads(
        neutral_notebook(notebook, inspection, injection=injection_source(inspection, values)).content
    )
    sources = ["".join(cell["source"]) for cell in document["cells"]]
    assert document["cells"][0]["metadata"]["tags"] == ["parameters"]
    assert "_find_secret" not in sources[0]
    monkeypatch.setenv("OTHER", VALUE)
    namespace: dict[str, object] = {}
    for source in (sources[0], "token = 'secret://env/OTHER'", *sources[1:]):
        exec(source, namespace)
    assert namespace["token"] == VALUE
    assert namespace["header"] == f"Bearer {VALUE}"


def test_a_secret_that_is_given_anew_need_not_be_there_as_it_was_pressed(token: Inspection) -> None:
    pressed = injection_source(token, {"token": "secret://OLD", "rows": 4})
    assert look_ups_in(pressed) == {"token": "secret://OLD"}
    left = without_given(pressed, ["token"])
    assert references_in([left]) == ()
    assert "rows = 4" in left


def test_the_source_that_is_sent_to_a_kernel_is_python_3_7_and_needs_the_standard_library_alone() -> None:
    import ast

    tree = ast.parse(resolver_source(), feature_version=(3, 7))
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported == {"os", "re", "keyring"}
    assert "Any" not in resolver_source().split("\n", 1)[0]


def test_the_variables_and_files_of_references_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_SECRETS", str(tmp_path))
    assert variables_for(["secret://env/A", "secret://B"])[:3] == ("A", "B", "PRESSRUN_SECRETS")
    assert variables_for(["secret://env/A"]) == ("A",)
    assert files_of(["secret://file/B", "secret://env/A"]) == (tmp_path / "B", Path("/run/secrets/B"))


def test_every_way_of_writing_a_value_is_blotted_out() -> None:
    blotter = Blotter({"API_TOKEN": VALUE})
    raw = VALUE.encode()
    written = [
        VALUE,
        repr(VALUE),
        json.dumps(VALUE),
        json.dumps(json.dumps(VALUE)),
        quote(VALUE),
        quote(VALUE, safe=""),
    ]
    written += [raw.hex(), *(base64.b64encode(b"x" * n + raw).decode() for n in range(3))]
    for text in written:
        escaped, whole = json.dumps({"t": text}), json.dumps({"t": text}, ensure_ascii=False)
        for content in (text.encode(), escaped.encode(), whole.encode()):
            blotted = blotter.blot(content)
            assert b"[secret API_TOKEN]" in blotted, text
            assert raw not in blotted
    assert blotter.blot(b'{"text": "nothing"}') == b'{"text": "nothing"}'


def test_a_variable_of_a_secret_name_that_is_let_through_is_blotted_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", VALUE)
    monkeypatch.setenv("REGION", "eu-central-1")
    blotter = blotter_for((), ["DB_PASSWORD", "REGION", "ABSENT"])
    assert blotter.blot_text(f"{VALUE} in eu-central-1") == "[secret DB_PASSWORD] in eu-central-1"
    assert not blotter_for((), ["REGION"])


def test_live_secrets_are_those_of_the_environment_and_of_dotenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", VALUE)
    monkeypatch.setenv("SOME_PATH_TOKEN", "/run/secrets/token")
    (tmp_path / ".env").write_text("# settings\nexport API_KEY='Zq8kPw2L-99'\nDEBUG=true\nTOKEN=changeme\n")
    live = live_secrets(tmp_path)
    assert live["DB_PASSWORD"] == VALUE
    assert live["API_KEY"] == "Zq8kPw2L-99"
    assert not {"DEBUG", "TOKEN", "SOME_PATH_TOKEN"} & set(live)


def test_the_journal_of_a_run_never_holds_a_secret(tmp_path: Path) -> None:
    """It is written while the notebook runs, and is what is left when the machine stops."""
    path = tmp_path / "journal"
    journal = JournalWriter(path, Blotter({"API_TOKEN": VALUE}))
    said = json.dumps({"name": "stdout", "text": f"{VALUE}\n" + "x" * 100_000}).encode()
    plain = json.dumps({"name": "stdout", "text": "k" * 100_000 + "tidal wave 7"}).encode()
    journal.write_said(0, "stream", "r", said, [VALUE.encode()])
    journal.write(Ended(0, "error", "ValueError", f"no {VALUE}", [f"----> 1 {VALUE!r}"]))
    JournalWriter(path, Blotter({"B": "tidal wave 7"})).write_said(1, "stream", "r", plain, [])
    content = path.read_bytes()
    assert not [form for form in (VALUE, json.dumps(VALUE)[1:-1], "tidal wave") if form.encode() in content]
    entries = list(read_journal(path))
    assert [type(entry).__name__ for entry in entries] == ["Said", "Ended", "Said"]
    assert isinstance(entries[1], Ended)
    assert entries[1].message == "no [secret API_TOKEN]"
