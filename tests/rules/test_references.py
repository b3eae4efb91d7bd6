import pytest

from pressrun.errors import UsageError
from pressrun.rules.references import Reference, is_reference, parse_reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("churn@3", Reference("churn", number=3)),
        ("churn@007", Reference("churn", number=7)),
        ("churn@production", Reference("churn", environment="production")),
        ("churn@eu-west-1", Reference("churn", environment="eu-west-1")),
        ("churn@latest", Reference("churn")),
    ],
)
def test_a_reference_is_read(text, expected):
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("churn", "names no version"),
        ("", "names no version"),
        ("churn@", "neither a number nor an environment"),
        ("churn@0", "version 0"),
        ("churn@-1", "neither a number nor an environment"),
        ("churn@1.5", "neither a number nor an environment"),
        ("churn@Production", "neither a number nor an environment"),
        ("churn@٣", "neither a number nor an environment"),
        ("churn@" + "9" * 5000, "neither a number nor an environment"),
        ("churn@a@b", "neither a number nor an environment"),
        ("@3", "is no name"),
        ("Churn@3", "is no name"),
        ("../etc@3", "is no name"),
        ("churn@production\n", "neither a number nor an environment"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_part_that_is_wrong(text, said):
    with pytest.raises(UsageError) as refused:
        parse_reference(text)
    assert said in refused.value.what
    assert len(refused.value.what) < 1000


@pytest.mark.parametrize("text", ["churn@3", "churn@production", "churn@latest"])
def test_a_reference_is_written_as_it_is_read(text):
    assert str(parse_reference(text)) == text


def test_only_a_reference_without_number_and_environment_means_the_latest():
    assert [parse_reference(text).latest for text in ("churn@latest", "churn@1", "churn@staging")] == [
        True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [("churn@3", True), ("churn@Production", True), ("churn", False), ("./churn@3", False), ("oci:layout@x", False),
     ("C:\\churn@3", False), ("a@b@c", False), ("churn@", False), ("@3", False)],
)  # fmt: skip
def test_a_path_is_no_reference(text, expected):
    assert is_reference(text) is expected
