"""The audit says what is wrong, where, what it rests on, and what it cannot show."""

import random

import pytest

from pressrun.records.audit import KeptCheckpoint
from pressrun.rules.audit import LISTED, Auditor, Keys
from pressrun.rules.merkle import Frontier, leaf_hash
from pressrun.rules.signed_note import VerifierKey, cosign_note
from pressrun.store.keys import JournalKey, verify_ed25519
from pressrun.testing.tampering import leaf, make_log, with_checkpoints

KEY = JournalKey("pressrun/test", bytes(range(32)))
OTHER = JournalKey("pressrun/test", bytes(range(1, 33)))
WITNESS = JournalKey("witness", bytes(32))
PUBLIC = VerifierKey(KEY.name, KEY.public)
GIVEN = Keys((PUBLIC,), given=True)
LOG = make_log(200, KEY, random.Random(7), every=64)  # checkpoints at 64, 128, 192 and 200


def audit(log=LOG, keys=GIVEN, outside=(), batch=50, tree="kept"):
    checkpoints = [KeptCheckpoint(where="the journal", note=note) for note in log.notes]
    checkpoints += [KeptCheckpoint(where="kept.txt", note=note, outside=True) for note in outside]
    auditor = Auditor(checkpoints, keys, verify_ed25519, log.tree if tree == "kept" else tree)
    for start in range(0, len(log.entries), batch):
        auditor.feed(log.entries[start : start + batch])
    return auditor.report()


def changed(place, content=None):
    """The log with another leaf at `place`, from 1; its number inside is right."""
    entries = list(LOG.entries)
    entries[place - 1] = (place, leaf(place, random.Random(99)) if content is None else content)
    return LOG._replace(entries=entries)


def sentences(report):
    return [problem.what for problem in report.problems]


@pytest.mark.parametrize("batch", [1, 7, 64, 1000])
def test_an_honest_log_is_intact_however_it_is_fed(batch):
    report = audit(outside=[LOG.notes[1]], batch=batch)
    assert report.problems == ()
    assert report.intact
    assert report.suspects is None
    assert (report.entries, report.signed_upto, report.outside_upto, report.inside) == (200, 200, 128, 4)


def test_an_empty_log_is_intact():
    report = audit(make_log(0, KEY, random.Random(1))._replace(notes=[]))
    assert (report.intact, report.entries) == (True, 0)


def test_a_changed_entry_is_found_in_the_range_between_two_checkpoints():
    report = audit(changed(100))
    assert report.suspects == (65, 128)
    assert (
        "an entry in 65..128 is not what it was when the checkpoint of 128 entries was made, and 2 more"
        in (sentences(report)[0])
    )
    assert report.signed_upto == 64


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"not json", "entry 100 cannot be read: JSON is malformed"),
        (b"", "entry 100 cannot be read: its bytes are gone"),
        (b'{"seq":"100"}', "entry 100 cannot be read: Expected `int`"),
        (leaf(99, random.Random(3)), "entry 100 says that it is entry 99"),
    ],
)
def test_an_entry_that_is_wrong_in_itself_is_named(content, expected):
    report = audit(changed(100, content))
    assert report.suspects == (100, 100)
    assert sentences(report)[0].startswith(expected)


def test_a_missing_entry_is_named():
    entries = [entry for entry in LOG.entries if entry[0] not in {17, 40, 41}]
    report = audit(LOG._replace(entries=entries))
    assert sentences(report)[:2] == ["entry 17 is missing", "entries 40 to 41 are missing"]
    assert report.suspects == (17, 17)


def test_an_entry_that_comes_twice_is_named():
    report = audit(LOG._replace(entries=[*LOG.entries[:17], *LOG.entries[16:]]))
    assert sentences(report)[0] == "entry 17 comes after entry 17"


def test_of_many_wrong_entries_the_first_are_named_and_the_others_counted():
    report = audit(LOG._replace(entries=[(seq, b"") for seq, _ in LOG.entries]))
    named = [one for one in report.problems if one.what.endswith("its bytes are gone")]
    assert (len(named), named[0].first) == (LISTED, 1)
    assert f"{200 - LISTED} more entries are wrong in themselves" in sentences(report)


def test_a_history_signed_anew_is_found_by_a_checkpoint_kept_outside():
    rewritten = with_checkpoints(changed(100).entries, KEY, range(64, 200, 64))
    assert audit(rewritten).intact
    report = audit(rewritten, outside=LOG.notes[:2])
    assert report.suspects == (65, 128)
    assert [one.where for one in report.problems] == ["kept.txt"] * 2
    assert any("name different roots" in text for text in sentences(report))


def test_what_agrees_inside_does_not_bear_out_what_differs_outside():
    """Where the history was signed anew, the inside checkpoint of 64 agrees and says nothing."""
    rewritten = with_checkpoints(changed(10).entries, KEY, range(64, 200, 64))
    report = audit(rewritten, outside=[LOG.notes[2]])
    assert report.suspects == (1, 192)


def test_a_log_that_was_cut_off_is_found():
    report = audit(with_checkpoints(LOG.entries[:128], KEY, [64]), outside=[LOG.notes[1], LOG.notes[3]])
    assert sentences(report) == ["a checkpoint covers 200 entries, and there are 128: the end is missing"]
    assert report.suspects == (129, 200)


def test_a_shorter_log_may_have_lost_an_entry_anywhere_after_what_is_sure():
    shorter = with_checkpoints(LOG.entries[:150], KEY, [64])
    report = audit(shorter, outside=[LOG.notes[0], LOG.notes[3]])
    assert report.suspects == (65, 200)


def test_a_tree_that_does_not_fit_tells_which_part():
    report = audit(changed(195)._replace(notes=LOG.notes[:3]))
    assert sentences(report) == ["the tree that is kept with the entries was made over others: between 193 and 200"]
    assert report.suspects == (193, 200)


def test_a_tree_that_is_wrong_beside_signed_entries_accuses_no_entry():
    tree = Frontier(200, (leaf_hash(b"other"), *LOG.tree.hashes[1:]))
    report = audit(tree=tree)
    assert not report.intact
    assert report.suspects is None
    assert "a checkpoint shows that they are right" in sentences(report)[0]


def test_a_tree_that_points_elsewhere_does_not_lead_away_from_the_checkpoints():
    log = changed(100)
    grown = Frontier().extend([leaf_hash(content) for _, content in log.entries])
    report = audit(log, tree=Frontier(200, (*grown.hashes[:-1], leaf_hash(b"other"))))
    assert (193, 200) in {(problem.first, problem.last) for problem in report.problems}
    assert report.suspects == (65, 128)


def test_a_tree_over_more_entries_than_there_are_is_found():
    log = LOG._replace(entries=LOG.entries[:150], notes=LOG.notes[:2])
    assert sentences(audit(log)) == ["the tree that is kept with the entries is of 200, and there are 150"]


def test_entries_that_came_after_the_tree_was_read_are_no_problem():
    entries = [*LOG.entries, (201, leaf(201, random.Random(5)))]
    assert audit(LOG._replace(entries=entries)).intact


def test_a_tree_that_is_told_at_the_end_is_compared():
    def report(tree):
        auditor = Auditor([], Keys(), verify_ed25519)
        auditor.feed(LOG.entries)
        auditor.end(tree)
        return auditor.report()

    assert report(LOG.tree).intact
    assert not report(Frontier().extend([leaf_hash(b"other")] * 200)).intact
    assert not report(Frontier().extend([leaf_hash(b"other")] * 199)).intact


def test_a_signature_in_the_name_of_the_key_that_is_not_by_it_is_found():
    note = LOG.notes[-1]
    forged = note[:-10] + (b"A" if note[-10:-9] != b"A" else b"B") + note[-9:]
    for keys in (GIVEN, Keys((PUBLIC,))):
        report = audit(LOG._replace(notes=[*LOG.notes[:-1], forged]), keys)
        assert "the checkpoint of 200 entries has a wrong signature in the name of pressrun/test" in sentences(report)


def test_with_a_given_key_every_checkpoint_has_to_be_signed_by_it():
    """The name is the same: only the key tells them apart."""
    report = audit(with_checkpoints(LOG.entries, OTHER, [64]))
    assert "the checkpoint of 64 entries is signed by none of the keys that were given" in sentences(report)
    assert "nothing here is signed by a key that was given" in sentences(report)
    assert report.signed_upto == 0


def test_with_a_given_key_a_log_without_checkpoints_is_not_taken():
    report = audit(LOG._replace(notes=[]))
    assert sentences(report) == ["nothing here is signed by a key that was given"]


def test_without_a_given_key_an_unknown_signer_is_told_and_no_problem():
    report = audit(with_checkpoints(LOG.entries, OTHER, [64]), Keys((PUBLIC,)))
    assert report.intact
    assert any("were not checked: give the public key" in note for note in report.notes)
    assert "Entries 1 to 200 are not covered by a checkpoint whose signature was checked." in report.notes


def test_a_cosigner_who_is_not_known_changes_nothing():
    notes = [cosign_note(note, WITNESS) for note in LOG.notes]
    report = audit(LOG._replace(notes=notes), outside=[notes[1]])
    assert report.intact
    states = {one.key: one.state for one in report.checkpoints[0].signatures}
    assert states == {"pressrun/test": "good", "witness": "unknown"}


@pytest.mark.parametrize("note", [b"", b"garbage", LOG.notes[0][:-5], b"one\n\n" + "— a AAAAAAAA\n".encode()])
def test_what_is_no_checkpoint_is_a_problem(note):
    report = audit(outside=[note])
    assert sentences(report) == ["this is no signed checkpoint"]
    assert [one.state for one in report.checkpoints] == ["unreadable"]


def test_entries_that_cannot_be_read_any_further_are_a_problem_and_the_rest_is_not_judged():
    kept = [KeptCheckpoint(where="kept.txt", note=note, outside=True) for note in LOG.notes]
    auditor = Auditor(kept, GIVEN, verify_ed25519, LOG.tree)
    auditor.feed(LOG.entries[:130])
    auditor.break_off("the disk failed")
    report = auditor.report()
    assert sentences(report) == ["the entries cannot be read beyond 130: the disk failed"]
    assert [one.state for one in report.checkpoints] == ["agrees", "agrees", "not-reached", "not-reached"]


@pytest.mark.parametrize(
    ("outside", "said"),
    [
        ([], "no checkpoint that is kept outside was given"),
        ([LOG.notes[1]], "Entries 129 to 200 are under no checkpoint kept outside"),
        ([LOG.notes[3]], "after the last checkpoint kept outside, which covers 200"),
    ],
)
def test_the_report_says_what_it_cannot_show(outside, said):
    limits = audit(outside=outside).limits
    assert "never written" in limits[0]
    assert said in limits[1]
