import pytest

from pressrun.records.bundle import ContentFile, InputReference
from pressrun.records.version_diff import FileVersion, PackageChange, ValueChange
from pressrun.rules.version_diff.values import diff_inputs, diff_models, diff_packages, diff_value, diff_values

ONE, TWO, THREE = (f"sha256:{digit * 64}" for digit in "123")


def test_parameters_are_added_removed_and_changed():
    assert diff_values({"a": 1, "b": [1, 2], "c": None}, {"b": [2, 1], "c": None, "d": "x"}) == (
        ValueChange(name="a", change="removed", before=1),
        ValueChange(name="b", change="changed", before=[1, 2], after=[2, 1]),
        ValueChange(name="d", change="added", after="x"),
    )


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, 0)])
def test_values_of_different_types_are_different(one, other):
    assert diff_values({"a": one}, {"a": other}) == (ValueChange(name="a", change="changed", before=one, after=other),)


def test_the_order_of_keys_is_no_difference():
    assert diff_values({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}) == ()


def test_an_empty_text_is_none():
    assert diff_value("grade", "", "R3") == ValueChange(name="grade", change="added", after="R3")
    assert diff_value("grade", "", "") is None


def an_input(path, digest, size=10, **members):
    return InputReference(path=path, role="data", digest=digest, size=size, members=members)


def test_inputs_are_compared_by_digest_with_their_sizes():
    before = [an_input("a.csv", ONE), an_input("b.csv", TWO), an_input("same.csv", THREE)]
    after = [an_input("a.csv", TWO, 12), an_input("c.csv", "sha256:" + "4" * 64, 1), an_input("same.csv", THREE)]
    found = {change.path: change for change in diff_inputs(before, after)}
    assert {path: change.change for path, change in found.items()} == {
        "a.csv": "changed", "b.csv": "removed", "c.csv": "added",
    }  # fmt: skip
    assert found["a.csv"].before == FileVersion(digest=ONE, size=10)
    assert found["a.csv"].after == FileVersion(digest=TWO, size=12)


def test_the_same_content_at_another_path_moved():
    (found,) = diff_inputs([an_input("old/a.csv", ONE)], [an_input("new/a.csv", ONE)])
    assert (found.change, found.moved_from, found.path) == ("moved", "old/a.csv", "new/a.csv")


def test_one_file_that_was_copied_moved_once_and_was_added_once():
    found = diff_inputs([an_input("a", ONE)], [an_input("b", ONE), an_input("c", ONE)])
    assert [change.change for change in found] == ["moved", "added"]


def test_of_a_folder_it_is_told_how_many_of_its_files_differ():
    before = an_input("data", ONE, a=ONE, b=TWO, c=ONE)
    after = an_input("data", TWO, a=ONE, b=THREE, d=ONE, e=ONE)
    assert diff_inputs([before], [after])[0].members == {"changed": 1, "removed": 1, "added": 2}


def test_only_files_of_models_are_compared_as_such():
    def file(role, digest):
        return ContentFile(path=f"{role}.bin", role=role, digest=digest, size=3)

    found = diff_models([file("model", ONE), file("readme", ONE)], [file("model", TWO), file("readme", TWO)])
    assert [change.path for change in found] == ["model.bin"]


def test_packages_are_compared_by_version_and_by_file():
    before = {"numpy": ("2.0", "x"), "pandas": ("2.2", "y"), "same": ("1", "z"), "rebuilt": ("1", "a")}
    after = {"numpy": ("2.1", "w"), "scipy": ("1.14", "v"), "same": ("1", "z"), "rebuilt": ("1", "b")}
    assert diff_packages(before, after) == (
        PackageChange(name="numpy", change="changed", before="2.0", after="2.1"),
        PackageChange(name="pandas", change="removed", before="2.2"),
        PackageChange(name="rebuilt", change="changed", before="1", after="1"),
        PackageChange(name="scipy", change="added", after="1.14"),
    )
