"""The identity of a bundle."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pressrun.records.bundle import Content, ContentFile, InputReference
from pressrun.records.digest import digest_text

FILES = tuple(
    ContentFile(path=path, role=role, digest=digest_text(path), size=len(path))
    for path, role in [("source.ipynb", "source"), ("pipeline.py", "pipeline"), ("pylock.toml", "lock")]
)
INPUT = InputReference(path="data/x.csv", role="project", digest=digest_text("x"), size=1)


@given(st.permutations(FILES))
def test_the_order_of_files_does_not_change_the_identity(files):
    assert Content(files=tuple(files)).digest() == Content(files=FILES).digest()


def test_every_covered_field_changes_the_identity():
    base = Content(files=FILES, inputs=(INPUT,)).digest()
    first, *rest = FILES
    changes = {
        "path": "renamed.ipynb",
        "role": "notebook",
        "digest": digest_text("other"),
        "size": 1,
        "algorithm": "sha512",
    }
    assert set(changes) == set(ContentFile.__struct_fields__)
    for field, value in changes.items():
        changed = msgspec.structs.replace(first, **{field: value})
        assert Content(files=(changed, *rest), inputs=(INPUT,)).digest() != base
    assert Content(files=FILES).digest() != base
    assert Content(files=FILES, inputs=(msgspec.structs.replace(INPUT, digest=digest_text("y")),)).digest() != base


def test_whether_a_copy_of_an_input_travels_is_not_part_of_the_identity():
    held = msgspec.structs.replace(INPUT, held=True)
    assert Content(files=FILES, inputs=(held,)).digest() == Content(files=FILES, inputs=(INPUT,)).digest()


def test_the_identity_of_format_1_never_changes():
    expected = "sha256:cf2dfbdd5ebecf472837b6a87eded61f19bafa0f1487936df8935502d0030e06"
    assert Content(files=FILES, inputs=(INPUT,)).digest() == expected
