"""Digests and the one way to write a value as bytes."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.records.digest import Digest, canonical_json, digest_bytes, digest_text, pretty_json

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_a_digest_is_the_sha256_of_the_bytes():
    assert digest_bytes(b"abc") == "sha256:" + hashlib.sha256(b"abc").hexdigest()


def test_text_with_a_lone_surrogate_has_a_digest():
    assert digest_text("\ud800") != digest_text("\ud801")


@pytest.mark.parametrize("text", ["sha256:abc", "md5:" + "0" * 64, "sha256:" + "A" * 64, "0" * 64])
def test_what_is_no_digest_is_refused(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, Digest)


@given(st.dictionaries(st.text(), PLAIN))
def test_the_order_of_keys_does_not_change_the_bytes(value):
    backwards = dict(reversed(list(value.items())))
    assert canonical_json(value) == canonical_json(backwards)


@given(PLAIN)
def test_canonical_and_pretty_json_hold_the_same_value(value):
    assert msgspec.json.decode(pretty_json(value)) == msgspec.json.decode(canonical_json(value)) == value
