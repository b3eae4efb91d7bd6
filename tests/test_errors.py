"""The error tree: what every error carries."""

import pickle

import pytest

from pressrun import errors


def every_error_class():
    pending, found = [errors.PressrunError], []
    while pending:
        kind = pending.pop()
        found.append(kind)
        pending += kind.__subclasses__()
    return found


@pytest.mark.parametrize("kind", every_error_class())
def test_every_error_says_what_where_and_the_remedy(kind):
    error = kind("the lock is stale", where="pylock.toml", remedy="Run it again.")
    assert str(error) == "pylock.toml: the lock is stale. Run it again."


@pytest.mark.parametrize("kind", every_error_class())
def test_every_error_survives_a_process_boundary(kind):
    error = pickle.loads(pickle.dumps(kind("a", where="b", remedy="c")))
    assert (type(error), error.what, error.where, error.remedy) == (kind, "a", "b", "c")


@pytest.mark.parametrize("kind", every_error_class())
def test_the_docstring_draws_every_error(kind):
    assert kind.__name__ in errors.__doc__


def test_exit_codes_are_the_documented_ones():
    codes = {kind.__name__: kind.exit_code for kind in every_error_class()}
    assert codes["NotebookFailedError"] == 1
    assert codes["ParameterError"] == codes["DeclarationError"] == codes["NotebookFormatError"] == 2
    assert codes["UnsafeContentError"] == 3
    assert codes["ResultsDifferError"] == 4
    assert codes["EnvironmentRestoreError"] == codes["InputChangedError"] == codes["BundleCorruptError"] == 5


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("tresh", ["threshold", "thresh"], "did you mean 'thresh'?"),
        ("zzz", ["threshold"], ""),
        ("a", [], ""),
    ],
)
def test_near_match_names_only_what_is_near(word, known, expected):
    assert errors.near_match(word, known) == expected
