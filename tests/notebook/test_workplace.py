"""A folder that holds exactly what a run needs."""

import pytest

from pressrun.notebook import workplace
from pressrun.notebook.workplace import lay_out


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.csv"
    path.write_text("a\n")
    return path


def test_files_lie_at_their_project_paths_as_copies(tmp_path, source):
    place = tmp_path / "place"
    lay_out(place, {"notebooks/data/x.csv": source})
    copy = place / "notebooks" / "data" / "x.csv"
    copy.write_text("changed")
    assert source.read_text() == "a\n"


def test_a_large_input_is_linked(tmp_path, source, monkeypatch):
    monkeypatch.setattr(workplace, "LINK_FROM", 1)
    lay_out(tmp_path / "place", {"x.csv": source})
    assert (tmp_path / "place" / "x.csv").is_symlink()


@pytest.mark.parametrize("path", ["../x.csv", "/etc/x.csv", "", "a/../../x.csv"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, source, path):
    with pytest.raises(ValueError, match="not a path inside the project"):
        lay_out(tmp_path / "place", {path: source})
    assert list(tmp_path.rglob("x.csv")) == []
