"""A finding shows its line of source, and never a secret."""

from pressrun.notebook.read import cells_of
from pressrun.rules.doctor.excerpts import HIDDEN, harmless, with_excerpts
from pressrun.rules.doctor.kinds import found

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"  # made up


def shown(source, finding, make_document):
    (one,) = with_excerpts([finding], cells_of(make_document([source])))
    return one


def test_the_line_is_shown(make_document):
    finding = found("random-unseeded", "x", at=(0, 2))
    assert shown("a = 1\n  b = 2", finding, make_document).excerpt == "b = 2"


def test_a_line_with_a_secret_is_not_shown(make_document):
    finding = found("network-read", "reads", at=(0, 1))
    assert shown(f"get('{TOKEN}')", finding, make_document).excerpt == ""


def test_a_secret_in_the_finding_itself_is_not_shown(make_document):
    finding = found("path-missing", f"reads '{TOKEN}'", at=(0, 1), subject=TOKEN, fix=TOKEN)
    one = shown("x", finding, make_document)
    assert TOKEN not in repr(one)
    assert HIDDEN in one.what


def test_ordinary_text_is_left_as_it_is():
    assert harmless("df = pd.read_csv('a.csv')") == "df = pd.read_csv('a.csv')"
