"""A corrected copy keeps the bytes of everything that is not corrected, and knows itself again."""

import json

import pytest

from pressrun.errors import UsageError
from pressrun.notebook.doctor.rewrite import corrected, is_own_result, members, write_copy
from pressrun.rules.doctor.edits import Edit

TWO = Edit(kind="k", cell=1, what="w", line=1, start=(1, 4), end=(1, 5), text="2")
ERRORS = Edit(kind="k", cell=0, what="w", clears="errors")


def notebook(**format_):
    document = {
        "cells": [
            {
                "cell_type": "code",
                "id": "ä-1",
                "metadata": {"x": [1.0, 1e5], "collapsed": True},
                "source": ["print('ü')\n", "1/0"],
                "execution_count": 1,
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": ["ü\n"]},
                    {"output_type": "error", "ename": "E", "evalue": "", "traceback": []},
                ],
            },
            {"cell_type": "code", "id": "b", "metadata": {}, "source": "a = 1", "execution_count": 2, "outputs": []},
            {"cell_type": "markdown", "id": "c", "metadata": {}, "source": "text"},
        ],
        "metadata": {"kernelspec": {"name": "python3"}, "own": 1},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, **format_).encode()


FORMATS = [{"indent": 1, "ensure_ascii": False}, {"indent": 4}, {"separators": (",", ":")}, {"indent": "\t"}, {}]


@pytest.mark.parametrize("format_", FORMATS, ids=str)
def test_only_the_edited_cell_and_the_mark_differ(format_):
    before = notebook(**format_)
    after = corrected(before, [TWO])
    old, new = before.decode(), after.decode()
    first, second = json.loads(old), json.loads(new)
    assert second["cells"][1]["source"] == "a = 2"
    assert (second["cells"][1]["execution_count"], second["cells"][1]["outputs"]) == (None, [])
    spans = [members(text, text.index("{")) for text in (old, new)]
    cells = [text[slice(*span["cells"])] for text, span in zip((old, new), spans, strict=True)]
    replaced = cells[1].replace('"a = 2"', '"a = 1"').replace("null", "2")
    assert replaced == cells[0]
    mark = second["metadata"].pop("pressrun-doctor")
    assert second["metadata"] == first["metadata"]
    assert set(mark) == {"source", "content"}
    assert new.startswith(old[: spans[0]["metadata"][0] + 1].replace('"a = 1"', '"a = 2"')[:20])


def test_a_list_of_lines_stays_one_with_its_indentation():
    edit = Edit(kind="k", cell=0, what="w", line=2, start=(2, 0), end=(2, 0), text="x = 'é'\n")
    after = corrected(notebook(indent=3, ensure_ascii=False), [edit]).decode()
    assert json.loads(after)["cells"][0]["source"] == ["print('ü')\n", "x = 'é'\n", "1/0"]
    assert "\n            \"x = 'é'\\n\",\n" in after


def test_a_file_with_escapes_keeps_to_escapes():
    edit = Edit(kind="k", cell=0, what="w", line=1, start=(1, 0), end=(1, 0), text="# é\n")
    after = corrected(notebook(indent=1), [edit])
    assert after.isascii()
    assert json.loads(after)["cells"][0]["source"][0] == "# é\n"


def test_a_saved_error_is_removed_and_the_other_output_keeps_its_bytes():
    before = notebook(indent=1, ensure_ascii=False)
    after = corrected(before, [ERRORS])
    outputs = json.loads(after)["cells"][0]["outputs"]
    assert outputs == json.loads(before)["cells"][0]["outputs"][:1]
    assert '"text": [\n      "ü\\n"\n     ]' in after.decode()


def test_a_copy_is_known_as_its_own_result_until_a_byte_changes():
    copy = corrected(notebook(indent=1), [TWO])
    assert is_own_result(copy)
    assert not is_own_result(copy.replace(b"a = 2", b"a = 3"))
    assert not is_own_result(notebook(indent=1))


def test_a_copy_of_a_copy_holds_one_mark():
    again = corrected(corrected(notebook(indent=1), [TWO]), [ERRORS])
    assert again.count(b"pressrun-doctor") == 1
    assert is_own_result(again)


def test_a_notebook_without_metadata_gets_them():
    content = (
        b'{"nbformat": 4, "nbformat_minor": 5, "cells": [{"cell_type": "code", "source": "", "metadata": {}}, '
        + json.dumps({"cell_type": "code", "source": "a = 1", "metadata": {}}).encode()
        + b"]}"
    )
    copy = corrected(content, [TWO])
    assert json.loads(copy)["cells"][1]["source"] == "a = 2"
    assert is_own_result(copy)


def test_the_byte_order_mark_stays():
    copy = corrected(b"\xef\xbb\xbf" + notebook(), [TWO])
    assert copy.startswith(b"\xef\xbb\xbf{")


class TestWhatIsNotOverwritten:
    @pytest.fixture
    def source(self, tmp_path):
        path = tmp_path / "nb.ipynb"
        path.write_bytes(notebook(indent=1))
        return path

    def test_the_notebook_itself_is_never_overwritten(self, source):
        with pytest.raises(UsageError, match="overwrite the notebook"):
            write_copy(source, b"x", source)
        assert source.read_bytes() == notebook(indent=1)

    def test_a_link_to_the_notebook_is_never_overwritten(self, source, tmp_path):
        link = tmp_path / "link.ipynb"
        link.symlink_to(source)
        with pytest.raises(UsageError, match="overwrite the notebook"):
            write_copy(link, b"x", source)

    def test_another_file_is_not_overwritten(self, source, tmp_path):
        other = tmp_path / "nb-fixed.ipynb"
        other.write_text("mine")
        with pytest.raises(UsageError, match="no unchanged result"):
            write_copy(other, corrected(source.read_bytes(), [TWO]), source)
        assert other.read_text() == "mine"

    def test_an_earlier_result_is_overwritten_and_an_edited_one_is_not(self, source, tmp_path):
        other = tmp_path / "nb-fixed.ipynb"
        first = corrected(source.read_bytes(), [TWO])
        write_copy(other, first, source)
        write_copy(other, corrected(source.read_bytes(), [ERRORS]), source)
        other.write_bytes(other.read_bytes().replace(b"text", b"mine"))
        with pytest.raises(UsageError, match="no unchanged result"):
            write_copy(other, first, source)
