"""Reading notebook files: what is accepted, and a clear answer for what is not."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.errors import DeclarationError, NotebookFormatError
from pressrun.notebook.read import cells_of, read_notebook
from pressrun.records.digest import digest_bytes, digest_text


def document(*cells, nbformat=4, nbformat_minor=5, **metadata):
    return {"cells": list(cells), "metadata": metadata, "nbformat": nbformat, "nbformat_minor": nbformat_minor}


def code(source="x = 1", **more):
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **more}


@pytest.fixture
def write(tmp_path):
    def write_content(content):
        path = tmp_path / "nb.ipynb"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write_content


def test_a_notebook_is_read_with_its_digest_kernel_and_cells(write):
    path = write(document(code(id="a1"), {"cell_type": "markdown", "source": "# T", "metadata": {}},
                          kernelspec={"name": "py311", "language": "python", "display_name": "P"}))  # fmt: skip
    notebook = read_notebook(path)
    assert notebook.digest == digest_bytes(path.read_bytes())
    assert (notebook.kernel, notebook.language, notebook.nbformat) == ("py311", "python", (4, 5))
    assert [(cell.index, cell.type, cell.id) for cell in notebook.cells] == [(0, "code", "a1"), (1, "markdown", None)]
    assert [cell.index for cell in notebook.code_cells] == [0]


def test_reading_leaves_the_file_as_it_was(write):
    path = write(document(code("%%register step a\nx = 1")))
    path.chmod(0o444)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    read_notebook(path)
    assert before == (path.read_bytes(), path.stat().st_mtime_ns)


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (b"", "the file is empty", "restore"),
        (b" \n", "the file is empty", "restore"),
        (b"{", "no valid JSON", "damaged"),
        (b'{"cells": [\n<<<<<<< HEAD\n]}', "no valid JSON", "merge conflict"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8", ""),
        (b"[1]", "JSON, but no notebook", ""),
        (b"{}", "names no nbformat version", ""),
        (b'{"nbformat": "4", "cells": []}', "names no nbformat version", ""),
        (b"[" * 100_000, "too deep", ""),
        ({"nbformat": 3, "nbformat_minor": 0, "worksheets": []}, "the old nbformat 3",
         "nbconvert --to notebook --nbformat 4"),
        ({"nbformat": 2, "worksheets": []}, "the old nbformat 2", "nbconvert"),
        ({"nbformat": 5, "nbformat_minor": 1, "cells": []}, "nbformat 5.1", "newer pressrun"),
        ({"nbformat": 4, "nbformat_minor": 5, "metadata": {}}, "no list of cells", ""),
        ({"nbformat": 4, "nbformat_minor": 5, "metadata": [1], "cells": []}, "metadata is no JSON object", ""),
        (document(code(), kernelspec={"name": "ir", "language": "R"}), "written in R", "Python"),
        (document(code(), kernelspec={"name": "ir"}), "written in R", "Python"),
        (document(code(), kernelspec={"name": "julia-1.10"}), "written in Julia", "Python"),
        (document(code(), language_info={"name": "julia"}), "written in julia", "Python"),
        (document(code(), kernelspec={"name": "python3", "language": "python"}, language_info={"name": "scala"}),
         "written in scala", "Python"),
        (document("x = 1"), "a cell is no JSON object", ""),
        (document({"cell_type": "heading", "source": ""}), "unknown cell_type 'heading'", ""),
        (document(code(source=3)), "neither a string nor a list", ""),
        (document(code(source=["a", 3])), "neither a string nor a list", ""),
        (document(code(metadata=[1])), "metadata is no JSON object", ""),
        (document(code(outputs={"a": 1})), "outputs are no list", ""),
        (document(code(outputs=[{"output_type": "display_data", "data": 3}])), "data is no JSON object", ""),
        (document(code(outputs=[{"output_type": "stream", "text": {}}])), "neither a string nor a list", ""),
    ],
)  # fmt: skip
def test_what_is_no_readable_notebook_gets_a_clear_answer(write, content, what, remedy):
    with pytest.raises(NotebookFormatError) as caught:
        read_notebook(write(content))
    assert what in caught.value.what
    assert remedy in caught.value.remedy
    assert "nb.ipynb" in caught.value.where


def test_a_folder_and_a_missing_file_get_a_clear_answer(tmp_path):
    with pytest.raises(NotebookFormatError, match="this is a folder"):
        read_notebook(tmp_path)
    with pytest.raises(NotebookFormatError, match="no such file"):
        read_notebook(tmp_path / "absent.ipynb")
    with pytest.raises(NotebookFormatError, match="no such file"):
        read_notebook(Path("a\x00b"))


def test_a_pipe_is_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotebookFormatError, match="no regular file"):
        read_notebook(tmp_path / "pipe")


def test_a_file_above_the_size_limit_is_refused_before_it_is_read(write):
    with pytest.raises(NotebookFormatError, match="more than the 10"):
        read_notebook(write(document(code())), max_bytes=10)


def test_the_cell_at_fault_is_named(write):
    with pytest.raises(NotebookFormatError) as caught:
        read_notebook(write(document(code(), code(source=3))))
    assert caught.value.where.endswith("nb.ipynb, cell 1, source")


def test_a_wrong_declaration_names_its_cell_and_line(write):
    with pytest.raises(DeclarationError) as caught:
        read_notebook(write(document(code(), code("\n%%register modle m"))))
    assert caught.value.where == "cell 1, line 2"


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(write):
    notebook = read_notebook(write(b"\xef\xbb\xbf" + json.dumps(document(code("x = 1\r\ny = 2\r\n"))).encode()))
    assert notebook.cells[0].source == "x = 1\r\ny = 2\r\n"


def test_not_a_number_and_lone_surrogates_in_outputs_are_accepted(write):
    output = {"output_type": "display_data", "data": {"application/json": [float("nan")], "text/plain": "\ud800"}}
    cell = read_notebook(write(json.dumps(document(code(outputs=[output]))).encode())).cells[0]
    assert cell.outputs[0]["data"]["text/plain"] == "\ud800"


def test_a_source_stored_as_lines_is_the_same_as_one_string():
    one, many = cells_of(document(code("a = 1\nb = 2"), code(["a = 1\n", "b = 2"])))
    assert one.source == many.source
    assert one.digest == many.digest == digest_text("a = 1\nb = 2")


def test_texts_of_outputs_are_joined_and_json_is_left_as_it_is():
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
        {"output_type": "display_data", "metadata": {}, "data": {
            "text/plain": ["x", "y"], "application/json": ["x", "y"], "application/vnd.plotly.v1+json": {"a": ["b"]}}},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t", "u"]},
    ]  # fmt: skip
    stream, display, error = cells_of(document(code(outputs=outputs)))[0].outputs
    assert stream["text"] == "a\nb"
    assert display["data"] == {
        "text/plain": "xy", "application/json": ["x", "y"], "application/vnd.plotly.v1+json": {"a": ["b"]}
    }  # fmt: skip
    assert error["traceback"] == ["t", "u"]
    assert outputs[0]["text"] == ["a\n", "b"]


def test_cells_without_id_outputs_or_metadata_are_accepted():
    cell = cells_of({"cells": [{"cell_type": "code", "source": "x"}]})[0]
    assert (cell.id, cell.outputs, cell.tags, cell.execution_count) == (None, (), (), None)


def test_the_body_is_the_source_with_the_declaration_neutralised():
    magic, comment, text = cells_of(
        document(code("%%register step a\nx = 1"), code("# %register step a\nx = 1"),
                 {"cell_type": "markdown", "source": "%%register step a", "metadata": {"tags": ["parameters"]}})
    )  # fmt: skip
    assert (magic.body, comment.body) == ("\nx = 1", "# %register step a\nx = 1")
    assert magic.declaration == comment.declaration.__class__(kind="step", name="a", spelling="cell-magic")
    assert (text.body, text.declaration) == ("%%register step a", None)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "cell_type", "source", "metadata", "outputs", "data", "text", "nbformat", "tags", "id"]
            )
            | st.text(max_size=3),
            inner | st.sampled_from(["code", "markdown", 4]),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_like)
def test_any_json_is_read_or_refused(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "any.ipynb"
    path.write_text(json.dumps(value))
    try:
        read_notebook(path)
    except (NotebookFormatError, DeclarationError):
        return


@given(st.lists(json_like, max_size=3))
def test_any_list_of_cells_is_read_or_refused(cells):
    try:
        cells_of({"cells": cells})
    except (NotebookFormatError, DeclarationError) as refused:
        where = refused.where
    else:
        return
    assert where.startswith("cell ")
