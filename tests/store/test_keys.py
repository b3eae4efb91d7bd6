"""The key that signs checkpoints: its file is private, made once, and refused when others could have read it."""

import multiprocessing
import os
import stat

import pytest

from pressrun.errors import CannotRestoreError, UnsafeContentError
from pressrun.rules.signed_note import read_vkey
from pressrun.store.keys import JournalKey, open_journal_key, verify_ed25519

# RFC 8032, section 7.1: secret key, public key, message, signature
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
        "b00d291612bb0c00",
    ),
]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_signatures_are_those_of_rfc_8032(secret, public, message, signature):
    key = JournalKey("test", bytes.fromhex(secret))
    assert bytes.fromhex(public) == key.public
    assert bytes.fromhex(signature) == key.sign(bytes.fromhex(message))
    assert verify_ed25519(key.public, bytes.fromhex(message), bytes.fromhex(signature))


def test_a_signature_is_good_for_its_key_and_text_alone():
    key, other = JournalKey("test", bytes(32)), JournalKey("test", bytes(range(32)))
    signature = key.sign(b"text")
    assert verify_ed25519(key.public, b"text", signature)
    assert not verify_ed25519(key.public, b"Text", signature)
    assert not verify_ed25519(other.public, b"text", signature)
    assert not verify_ed25519(key.public, b"text", signature[:-1] + bytes([signature[-1] ^ 1]))
    for wrong in (b"", signature[:-1], signature + b"\0"):
        assert not verify_ed25519(key.public, b"text", wrong)
    for wrong in (b"", key.public[:-1], key.public + b"\0"):
        assert not verify_ed25519(wrong, b"text", signature)


def test_a_key_is_made_private_where_there_is_none(tmp_path):
    path = tmp_path / "config" / "pressrun" / "journal.key"
    before = os.umask(0)
    try:
        key = open_journal_key(path)
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert [path] == list(path.parent.iterdir())
    assert key.name.startswith("pressrun/")
    assert len("pressrun/") + 8 == len(key.name)
    assert key.public == read_vkey(key.vkey).public


def test_a_key_that_is_there_keeps_its_name(tmp_path):
    path = tmp_path / "journal.key"
    made = open_journal_key(path, "team.example/orders")
    found = open_journal_key(path, "another/name")
    assert ("team.example/orders", made.public) == (found.name, found.public)


def test_two_keys_differ(tmp_path):
    one, other = open_journal_key(tmp_path / "one"), open_journal_key(tmp_path / "other")
    assert one.public != other.public
    assert one.name != other.name


def open_and_show(path, queue):
    queue.put(open_journal_key(path).vkey)


def test_processes_that_make_a_key_together_end_with_one(tmp_path):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    workers = [context.Process(target=open_and_show, args=(tmp_path / "journal.key", queue)) for _ in range(8)]
    for worker in workers:
        worker.start()
    found = {queue.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join()
    queue.close()
    queue.join_thread()
    assert len(found) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["journal.key"]


@pytest.mark.parametrize("permission", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644])
def test_a_key_that_others_may_read_or_write_is_refused(tmp_path, permission):
    path = tmp_path / "journal.key"
    open_journal_key(path)
    path.chmod(permission)
    with pytest.raises(UnsafeContentError, match=f"{permission:04o}") as caught:
        open_journal_key(path)
    assert "chmod 600" in caught.value.remedy


def test_a_key_behind_a_link_is_refused(tmp_path):
    open_journal_key(tmp_path / "real.key")
    (tmp_path / "journal.key").symlink_to(tmp_path / "real.key")
    with pytest.raises(UnsafeContentError, match="symbolic link"):
        open_journal_key(tmp_path / "journal.key")


def test_a_dangling_link_is_refused_and_nothing_made_behind_it(tmp_path):
    (tmp_path / "journal.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeContentError, match="symbolic link"):
        open_journal_key(tmp_path / "journal.key")
    assert not (tmp_path / "elsewhere").exists()


def test_a_pipe_in_the_place_of_a_key_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "journal.key", 0o600)
    with pytest.raises(UnsafeContentError, match="regular file"):
        open_journal_key(tmp_path / "journal.key")


def test_a_folder_in_the_place_of_a_key_is_refused(tmp_path):
    (tmp_path / "journal.key").mkdir(0o700)
    with pytest.raises((UnsafeContentError, CannotRestoreError)):
        open_journal_key(tmp_path / "journal.key")


GOOD = JournalKey("name", bytes(range(32))).encode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "a key",
        GOOD[:-10],
        GOOD.replace("+name+", "+eman+"),
        GOOD.replace("PRIVATE", "PUBLIC"),
        GOOD.replace("AQAB", "AgAB"),
        GOOD + "more",
    ],
)
def test_a_file_that_is_no_key_is_refused_without_showing_it(tmp_path, content):
    path = tmp_path / "journal.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(CannotRestoreError, match="not a journal's key") as caught:
        open_journal_key(path)
    secret = GOOD.split("+")[-1][:12]
    chain = [caught.value, caught.value.__cause__, getattr(caught.value.__cause__, "__cause__", None)]
    assert not any(secret in str(error) for error in chain)
    assert content == path.read_text()


def test_a_key_never_shows_its_secret():
    key = JournalKey("name", bytes(range(32)))
    assert repr(key) == "<JournalKey name>"


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRestoreError, match="cannot be read or made") as caught:
        open_journal_key(tmp_path / "file" / "journal.key")
    assert str(tmp_path / "file" / "journal.key") == caught.value.where


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_of_another_length_is_refused(seed):
    with pytest.raises(ValueError, match="32 bytes"):
        JournalKey("name", seed)
