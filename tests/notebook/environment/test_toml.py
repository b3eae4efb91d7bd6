"""The TOML writer: one and only one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.notebook.environment import toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_written_reads_back_equal(document):
    assert toml.loads(toml.dumps(document)) == document


def test_the_form_is_fixed():
    document = {"a": 'x"\\\n\x7f', "packages": [{"name": "n", "wheels": [{"hashes": {"sha256": "0"}}]}], "t": {"k": 1}}
    assert toml.dumps(document) == (
        'a = "x\\"\\\\\\n\\u007F"\n\n[[packages]]\nname = "n"\nwheels = [{ hashes = { sha256 = "0" } }]\n\n[t]\nk = 1\n'
    )


def test_a_value_that_no_lock_holds_is_a_type_error():
    with pytest.raises(TypeError, match="float"):
        toml.dumps({"a": 1.5})
