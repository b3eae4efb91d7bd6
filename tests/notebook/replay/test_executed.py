"""The executed notebook's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.errors import UsageError
from pressrun.notebook.replay.executed import is_result_of_a_run, notebook_parts, read_document, write_whole
from pressrun.notebook.replay.rawtext import RawText


def usual(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


@pytest.mark.parametrize(
    "lines", [[], ["a\n"], ["é\n", '"q"\\\n'], ["x" * 30_000], ["a\n"] * 25_000, ["b" * 3000 + "\n"] * 9]
)
def test_the_file_is_written_in_the_usual_form_however_long_its_texts_are(lines: list[str]) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": lines}
    cell = {"cell_type": "code", "outputs": [output, output], "metadata": {}, "source": ["x"], "execution_count": 1}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell, {**cell, "outputs": []}]}
    assert b"".join(notebook_parts(document)) == usual(document)


def test_long_plain_text_is_written_as_it_came() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": RawText([memoryview(b"a\\nb\\t" * 15_000)] * 2)}
    cell = {"cell_type": "code", "outputs": [output], "metadata": {}, "source": [], "execution_count": 1}
    written = b"".join(notebook_parts({"cells": [cell], "metadata": {}}))
    expected = {"cells": [{**cell, "outputs": [{**output, "text": "a\nb\t" * 30_000}]}], "metadata": {}}
    assert written == usual(expected)
    odd = {"cells": [cell], "metadata": {"x": "\ud800"}}
    assert json.loads(b"".join(notebook_parts(odd)))["cells"] == expected["cells"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), json_values))
def test_what_is_written_is_read_back_equal(metadata: dict[str, Any]) -> None:
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": []}
    assert read_document(b"".join(notebook_parts(document))) == document


def test_a_lone_surrogate_is_kept() -> None:
    document = {"metadata": {"x": "\ud800"}, "cells": []}
    assert json.loads(b"".join(notebook_parts(document))) == document


def test_a_number_that_json_does_not_have_can_be_read() -> None:
    assert str(read_document(b'{"x": NaN}')["x"]) == "nan"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    def parts() -> Any:
        yield b"new"
        raise RuntimeError("in the middle")

    path = tmp_path / "nb.ipynb"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError):
        write_whole(path, parts())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_vanished_is_told() -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_whole(Path("/nowhere/at/all/nb.ipynb"), [b""])


@pytest.mark.parametrize(
    ("metadata", "answer"),
    [
        ({}, False),
        ({"pressrun": {"register": "model m"}}, False),
        ({"pressrun": {"run": {}}}, True),
        ({"papermill": {}}, True),
        ({"pressrun": "odd"}, False),
    ],
)
def test_only_a_notebook_that_a_run_wrote_counts_as_a_result(
    tmp_path: Path, metadata: dict[str, Any], answer: bool
) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({"metadata": metadata, "cells": []}))
    assert is_result_of_a_run(path) is answer


def test_a_file_that_is_no_json_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text("hello")
    assert not is_result_of_a_run(path)
