"""What a project pins is told from its lock files and requirements."""

import pytest

from pressrun.notebook.doctor.pins import LOCKS, pinned_names


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_pins_everything(lock, tmp_path):
    (tmp_path / lock).write_text("")
    assert pinned_names(tmp_path, tmp_path) is None


def test_only_one_exact_version_is_a_pin(tmp_path):
    (tmp_path / "requirements.txt").write_text(
        "# a comment\n"
        "numpy==2.0.0 --hash=sha256:0\npandas>=2\nScikit_Learn===1.9 # why\nscipy==1.*\n-r other.txt\nnot a name!\n"
    )
    assert pinned_names(tmp_path, tmp_path) == {"numpy", "scikit-learn"}


def test_files_between_the_notebook_and_its_project_count_and_none_above(tmp_path):
    project, folder = tmp_path / "p", tmp_path / "p" / "a" / "b"
    folder.mkdir(parents=True)
    (tmp_path / "requirements.txt").write_text("above==1\n")
    (project / "environment.yml").write_text("dependencies:\n  - python=3.11\n  - numpy=2.0\n")
    (project / "a" / "requirements-dev.txt").write_text("pandas==3.0\n")
    assert pinned_names(folder, project) == {"python", "numpy", "pandas"}
