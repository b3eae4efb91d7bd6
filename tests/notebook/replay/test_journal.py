"""A journal loses nothing that was written before its writer was killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pressrun.notebook.replay.journal import (
    Ended,
    JournalWriter,
    KernelGone,
    KernelUp,
    Said,
    ShellFailure,
    Started,
    read_journal,
)

STREAM = b'{"name":"stdout","text":"hi\\n"}'


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    entries = [
        KernelUp(7, {"banner": "x"}, 0.5),
        Started(0, 1.5),
        Ended(0, "ok", shell=[ShellFailure("false", 1)]),
        KernelGone(None),
    ]
    for entry in entries:
        writer.write(entry)
    writer.close()
    assert list(read_journal(tmp_path / "j")) == entries


def test_a_message_is_handed_on_as_the_kernel_encoded_it(tmp_path: Path) -> None:
    JournalWriter(tmp_path / "j").write_said(3, "stream", "r", STREAM, [b"\x00\xff"])
    assert list(read_journal(tmp_path / "j")) == [
        Said(3, "stream", "r", [b"\x00\xff"], {"name": "stdout", "text": "hi\n"})
    ]
    assert STREAM in (tmp_path / "j").read_bytes()


def test_a_message_that_spans_lines_becomes_one_line(tmp_path: Path) -> None:
    JournalWriter(tmp_path / "j").write_said(0, "stream", "r", b'{\n "name": "stdout",\r\n "text": "a"\n}', [])
    (entry,) = read_journal(tmp_path / "j")
    assert isinstance(entry, Said)
    assert entry.content == {"name": "stdout", "text": "a"}


def test_bytes_that_are_no_utf8_are_replaced_and_nothing_else_is_lost(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.write_said(0, "stream", "r", b'{"name":"stdout","text":"\xff!"}', [])
    writer.write(Started(1, 0.0))
    first, second = read_journal(tmp_path / "j")
    assert isinstance(first, Said)
    assert first.content["text"] == "�!"
    assert second == Started(1, 0.0)


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_line_that_was_cut_short_is_left_out_and_all_before_it_kept(tmp_path: Path, cut: int) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.write(Started(0, 1.0))
    writer.write_said(0, "stream", "r", STREAM, [])
    whole = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(whole[:-cut])
    assert list(read_journal(tmp_path / "j")) == [Started(0, 1.0)]


def test_a_long_plain_stream_is_read_without_being_decoded(tmp_path: Path) -> None:
    text = "line\n" * 50_000
    content = json.dumps({"name": "stdout", "text": text}).encode()
    JournalWriter(tmp_path / "j").write_said(2, "stream", "r", content, [])
    JournalWriter(tmp_path / "j").write_said(2, "stream", "r", content.replace(b"line", b"lin\xff", 1), [])
    plain, odd = read_journal(tmp_path / "j")
    assert isinstance(plain, Said)
    assert isinstance(odd, Said)
    assert plain.content["text"].decoded() == text
    assert odd.content["text"] == text.replace("line", "lin\ufffd", 1)


@pytest.mark.parametrize("cut", [1, 2, 3, 100_000, 250_000])
def test_long_output_that_was_cut_short_is_left_out(tmp_path: Path, cut: int) -> None:
    content = json.dumps({"name": "stdout", "text": "line\n" * 50_000}).encode()
    writer = JournalWriter(tmp_path / "j")
    writer.write(Started(0, 1.0))
    writer.write_said(0, "stream", "r", content, [])
    (tmp_path / "j").write_bytes((tmp_path / "j").read_bytes()[:-cut])
    assert list(read_journal(tmp_path / "j")) == [Started(0, 1.0)]


def test_no_journal_has_no_entries(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert list(read_journal(tmp_path / "none")) == []
    assert list(read_journal(tmp_path / "empty")) == []
