"""What a reader sees under a registered cell, and that nothing a file is called can change it."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.interfaces.magics.receipt_view import MIME, bundle_of
from pressrun.records.capture import Coverage, ExternalRead, UnseenInput
from pressrun.records.live import CellReceipt, LiveFile

ORDERS = LiveFile(path="data/orders.csv", mode="read", size=1258291, digest="sha256:" + "3f9a" * 16)
LAKE = LiveFile(path="/lake/events.parquet", mode="read", size=12 * 2**30, state="too-large")
FRAME = LiveFile(path="out/frame.parquet", mode="write", size=307200, digest="1b00" * 16)
RATES = ExternalRead(kind="http", target="https://example.org/rates.csv", cells=(1,), digest="0909" * 16)
SALES = ExternalRead(kind="query", target="postgresql://db.example.org/sales", cells=(1,), rows=1200, digest="aa" * 32)
BLIND = Coverage(
    level="python-only",
    blind_spots=("cv2 reads files without Python",),
    unseen=(UnseenInput(path="/p/img.png", told_by=("inotify",), missed_by=("audit hook",)),),
)
TAGS = {"div", "style", "details", "summary", "i", "b", "small", "code", "table", "tr", "th", "td"}
ATTRIBUTES = {"class", "role", "aria-label", "aria-hidden", "title", "scope"}
PAYLOADS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "'onmouseover='alert(1)",
    "</style><script>1</script>", "</td></tr></table>", "<!--", "]]>", "&lt;b&gt;", "&amp", "javascript:alert(1)",
    "a\nb\r\nc", "\x1b[2J\x1b[31m", "\u202egnp.exe", "\x00", "\ud800", "caf\udce9.csv", "x" * 5000, "", "日本.csv",
    "%s{0}",
]  # fmt: skip
hostile = st.one_of(
    st.sampled_from(PAYLOADS),
    st.text(max_size=60),
    st.text(alphabet=st.sampled_from("<>&\"'=/ \n\t!-[]scriptonload"), max_size=60),
    st.binary(max_size=20).map(lambda name: name.decode("utf-8", "surrogateescape")),
)


def receipt(**changes: Any) -> CellReceipt:
    plain = CellReceipt(
        kind="step",
        name="load",
        files=(ORDERS, FRAME),
        defined=("frame", "n"),
        parameters={"n": "500", "region": "'north'"},
    )
    return msgspec.structs.replace(plain, **changes)


class Structure(HTMLParser):
    """The tags of some HTML with the names of their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, ...]] = []
        self.open: list[str] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.said.append(data)

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", data))


def text_of(changed: CellReceipt) -> str:
    return str(bundle_of(changed)["text/plain"])


def html_of(changed: CellReceipt) -> Structure:
    return Structure(bundle_of(changed)["text/html"])


def test_the_first_capture_tells_everything() -> None:
    assert (
        text_of(receipt())
        == """\
pressrun: step load captured for the first time
  read     1.2 MiB  3f9a3f9a3f9a  data/orders.csv
  wrote    300 KiB  1b001b001b00  out/frame.parquet
  defines  frame, n
  uses     n = 500, region = 'north'"""
    )


def test_one_line_is_enough_where_nothing_changed() -> None:
    same = receipt(first=False)
    assert text_of(same) == "pressrun: step load unchanged since last time (read 1 file, 1.2 MiB; wrote 1 file)"
    seen = html_of(same)
    assert [tag[0] for tag in seen.tags[:4]] == ["div", "style", "details", "summary"]
    assert "".join(seen.said).startswith("✓ step load unchanged since last time · read 1 file, 1.2 MiB; wrote 1 file")


def test_what_changed_is_named_first() -> None:
    assert text_of(receipt(first=False, changed=("parameter n is 500, was 400",))).splitlines()[:3] == [
        "pressrun: step load changed since last time",
        "  changed  parameter n is 500, was 400",
        "  read     1.2 MiB  3f9a3f9a3f9a  data/orders.csv",
    ]


def test_a_partial_capture_says_what_is_missing() -> None:
    partial = receipt(files=(ORDERS, LAKE), outcome="partial", notes=("12 GiB were not digested",), coverage=BLIND)
    assert (
        text_of(partial)
        == """\
pressrun: step load partial: not everything could be recorded
  note        12 GiB were not digested
  unseen?     /p/img.png, told by inotify only
  read         1.2 MiB  3f9a3f9a3f9a         data/orders.csv
  read        12.0 GiB  too large to digest  /lake/events.parquet
  defines     frame, n
  uses        n = 500, region = 'north'
  blind spot  cv2 reads files without Python"""
    )


def test_a_possibly_unseen_input_is_told_even_where_nothing_changed() -> None:
    said = text_of(receipt(first=False, coverage=BLIND))
    assert "\n  unseen?     /p/img.png, told by inotify only\n" in said


def test_a_possibly_unseen_input_that_a_note_names_is_told_once() -> None:
    said = text_of(receipt(notes=("Possibly read, but not by Python: /p/img.png.",), coverage=BLIND))
    assert said.count("/p/img.png") == 1


def test_the_libraries_that_the_cell_used_are_told_with_their_versions() -> None:
    assert text_of(receipt(packages={"numpy": "2.1.0", "pandas": "3.0"})).endswith("with     numpy 2.1.0, pandas 3.0")


@pytest.mark.parametrize(
    ("changes", "icon", "words", "tone"),
    [
        ({}, "✓", "captured for the first time", "ok"),
        ({"first": False}, "✓", "unchanged since last time", "ok"),
        ({"first": False, "changed": ("x",)}, "↻", "changed since last time", "new"),
        ({"outcome": "partial"}, "◐", "partial: not everything could be recorded", "warn"),
        ({"outcome": "failed"}, "✗", "failed: the cell raised an error", "bad"),
        ({"stored": False}, "⚠", "not stored: the receipt below could not be kept on disk", "bad"),
        ({"stored": False, "outcome": "failed"}, "⚠", "not stored: the receipt below could not be kept on disk", "bad"),
    ],
)
def test_every_state_is_an_icon_and_a_word_and_never_a_colour_alone(
    changes: dict[str, Any], icon: str, words: str, tone: str
) -> None:
    made = receipt(**changes)
    text = bundle_of(made)["text/html"]
    assert f'class="pressrun-receipt pressrun-{tone}"' in text
    assert "".join(Structure(text).said).startswith(f"{icon} step load {words}")
    assert text_of(made).startswith(f"pressrun: step load {words}")
    word = re.split("[: ]", words.replace("not ", "not-"))[0].replace("-", " ")
    assert f'aria-label="pressrun: step load {word}"' in text


def test_a_cell_without_files_says_what_it_defines() -> None:
    plain = CellReceipt(kind="parameters", defined=("n", "region"), first=False)
    assert text_of(plain) == "pressrun: parameters unchanged since last time (defines 2 names)"
    assert text_of(CellReceipt(kind="check", name="ok", first=False)).endswith("since last time (no files)")


def test_reads_from_elsewhere_are_told_with_their_version_or_digest() -> None:
    stored = ExternalRead(kind="object-store", target="s3://b/k.parquet", cells=(1,), version="v7")
    assert text_of(CellReceipt(kind="data", name="sales", external=(RATES, SALES, stored))).splitlines()[1:] == [
        "  URL                090909090909  https://example.org/rates.csv",
        "  query   1200 rows  aaaaaaaaaaaa  postgresql://db.example.org/sales",
        "  object             v7            s3://b/k.parquet",
    ]


@pytest.mark.parametrize(("number", "folded"), [(3, 0), (4, 1)])
def test_more_than_a_few_files_are_folded_away(number: int, folded: int) -> None:
    files = tuple(msgspec.structs.replace(ORDERS, path=f"data/{n}.csv") for n in range(number))
    tags = [tag[0] for tag in html_of(receipt(files=files)).tags]
    assert tags.count("details") == folded


def test_a_cell_that_reads_thousands_of_files_keeps_a_small_receipt() -> None:
    files = tuple(msgspec.structs.replace(ORDERS, path=f"data/images/{n}.png") for n in range(5000))
    made = bundle_of(receipt(files=files, defined=tuple(f"name{n}" for n in range(1000))))
    assert len(made["text/html"]) < 20_000
    assert len(made["text/plain"].splitlines()) < 20
    assert len(made[MIME]["files"]) == 200
    assert made[MIME]["left_out"] == 4800
    assert "and 4950 more" in made["text/html"]
    assert "and 4992 more" in made["text/plain"]
    assert "and 988 more" in made["text/plain"]


def test_a_long_value_is_shortened_in_its_middle() -> None:
    said = text_of(receipt(files=(), parameters={"q": "a" * 5000 + "z"}))
    assert len(said.splitlines()[-1]) < 250
    assert said.endswith("z")


def test_the_json_is_the_record_with_its_format_number() -> None:
    made = bundle_of(receipt(external=(RATES, SALES), coverage=BLIND))[MIME]
    assert made["format"] == 1
    assert msgspec.convert(json.loads(json.dumps(made)), CellReceipt) == receipt(
        external=(RATES, SALES), coverage=BLIND
    )


def test_short_digests_carry_the_whole_one() -> None:
    assert f'<code title="{ORDERS.digest}">3f9a3f9a3f9a</code>' in bundle_of(receipt())["text/html"]


def test_the_same_run_twice_gives_the_same_words() -> None:
    early, late = (
        bundle_of(receipt(created=f"2026-11-0{n}T00:00:00Z", duration_s=float(n), execution_count=n)) for n in (1, 2)
    )
    assert (early["text/html"], early["text/plain"]) == (late["text/html"], late["text/plain"])


def test_it_brings_no_script_id_or_address_and_its_colours_follow_the_front_end() -> None:
    text = bundle_of(receipt(external=(RATES,)))["text/html"]
    assert not re.search(r"<script|\sid=|\shref=|\ssrc=|url\(|@import|javascript:", text)
    style = text.partition("<style>")[2].partition("</style>")[0]
    colours = re.findall(r"#[0-9a-f]{6}", style)
    assert len(colours) == len(re.findall(r"--[onwe]:#", style)) == 8  # only as the last fallback of each tone
    for tone in ("success", "info", "warn", "error"):
        assert re.search(rf"var\(--jp-{tone}-color1,var\(--vscode-[\w-]+,var\(--[onwe]\)\)\)", style)
    assert "prefers-color-scheme:dark" in style


BENIGN = CellReceipt(
    kind="step", name="n", files=(ORDERS, ORDERS), external=(RATES,), defined=("d",), parameters={"p": "v"},
    changed=("c",), notes=("o",), first=False, outcome="partial",
    coverage=Coverage(
        level="python-only",
        blind_spots=("b",),
        unseen=(UnseenInput(path="u", told_by=("t",), missed_by=()),),
    ),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(words=st.lists(hostile, min_size=11, max_size=11))
def test_no_name_value_or_sentence_gets_out_of_its_place(words: list[str]) -> None:
    kind, name, path, digest, target, version, defined, parameter, value, sentence, blind = words
    attacked = msgspec.structs.replace(
        BENIGN, kind=kind or "k", name=name or "n", defined=(defined,), parameters={parameter: value},
        files=(msgspec.structs.replace(ORDERS, path=path, digest=digest or "d"), ORDERS),
        external=(msgspec.structs.replace(RATES, target=target, version=version or "v"),),
        changed=(sentence,), notes=(sentence,),
        coverage=Coverage(
            level="python-only",
            blind_spots=(blind,),
            unseen=(UnseenInput(path=f"unseen {path}", told_by=(sentence,), missed_by=()),),
        ),
    )  # fmt: skip
    made = bundle_of(attacked)
    seen, expected = Structure(made["text/html"]), Structure(bundle_of(BENIGN)["text/html"])
    assert seen.tags == expected.tags
    assert {tag[0] for tag in seen.tags} <= TAGS
    assert {attribute for tag in seen.tags for attribute in tag[1:]} <= ATTRIBUTES
    assert len(made["text/plain"].splitlines()) == len(text_of(BENIGN).splitlines())
    assert all(one.isprintable() for line in made["text/plain"].split("\n") for one in line)
    assert all(one.isprintable() for said in seen.said for one in said.replace("\n", ""))
    json.dumps(made, allow_nan=False, ensure_ascii=False).encode("utf-8")
