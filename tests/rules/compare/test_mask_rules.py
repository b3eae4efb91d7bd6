"""Each rule masks what it is for, leaves data alone, and is fast on any input."""

from __future__ import annotations

import time

import pytest

from pressrun.rules.compare.mask_rules import ALWAYS, DRIFT, SVG, MaskRule
from pressrun.rules.compare.masking import WHY, mask_text, needed, settle_overwrites

ALL_FACTS = frozenset({"clock", "timer", "timer-output", "process", "logging", "stderr"})

VOLATILE = [
    ("<__main__.Foo object at 0x7f3a5c0d1e80>", "<__main__.Foo object at «address»>", ""),
    ("<bound method Foo.bar of <Foo at 0x10a2b3c>>", "<bound method Foo.bar of <Foo at «address»>>", ""),
    ("/tmp/ipykernel_20535/1234.py:3: FutureWarning", "«cell».py:3: FutureWarning", ""),
    ("/var/tmp/x/t/ipykernel_5/3500091605.py:1", "«cell».py:1", ""),
    ("<ipython-input-3-a1b2c3d4e5f6>", "«cell»", ""),
    ("saved to /tmp/tmpab12cd_x/model.pkl", "saved to «temporary»/model.pkl", ""),
    ("/var/folders/zz/zyx_2h8/T/tmpq8/a.csv", "«temporary»/a.csv", ""),
    ("/home/ann/env/lib/python3.11/site-packages/sklearn/base.py", "«site-packages»/sklearn/base.py", ""),
    ("/home/ann/data.csv and /Users/bob/data.csv", "«home»/data.csv and «home»/data.csv", ""),
    ("C:\\Users\\ann\\AppData\\Local\\Temp\\tmp12\\m.pkl", "«temporary»\\m.pkl", ""),
    ("_anim_imgb1901b7f3c2d4e5f8a9b0c1d2e3f4a5b", "_anim_img«id»", ""),
    ("id 3f2504e0-4f89-11d3-9a0c-0305e82c3301.", "id «id».", ""),
    ("listening on http://127.0.0.1:43211/status", "listening on http://127.0.0.1:«port»/status", ""),
    ("CPU times: user 12.3 ms, sys: 1.2 ms, total: 13.5 ms\nWall time: 13.2 ms\n0.93", "0.93", ""),
    ("12.3 µs ± 1.2 ns per loop (mean ± std. dev. of 7 runs, 10,000 loops each)\n", "", ""),
    ("10 loops, best of 5: 23.4 ms per loop", "", ""),
    ("<TimeitResult : 1.2 ms ± 3 µs per loop>", "<TimeitResult : «duration»>", ""),
    ("100%|█████| 45/45 [00:01<00:00, 38.2it/s, loss=0.31]", "100%|█████| 45/45 [«progress», loss=0.31]", ""),
    ("10/10 ━━━━━━━━━━ 1s 12ms/step - loss: 0.5", "10/10 ━━━━━━━━━━ «progress» - loss: 0.5", ""),
    ("[CV] END ......C=1; total time=   0.1s", "[CV] END ......C=1; total time=   «duration»", ""),
    ("{'mean_fit_time': array([0.36, 0.28]), 'params': 1}", "{'mean_fit_time': «duration», 'params': 1}", ""),
    ("{&#x27;me...me&#x27;: array([0.36..., 0.28]), 2}", "{&#x27;me...me&#x27;: «duration», 2}", ""),
    ("fit_time       0.0123\ntest_score     0.9", "fit_time       «duration»\ntest_score     0.9", ""),
    ("2024-01-01 10:00:00,123 - INFO - start", "«datetime» - INFO - start", "logging"),
    ("now: 2026-11-23 00:41:12.123456", "now: «datetime»", "clock"),
    ("datetime.datetime(2026, 11, 23, 0, 41, 12, 3)", "«datetime»", "clock"),
    ("Mon Nov 23 00:41:12 2026", "«datetime»", "clock"),
    ("run 20261123_004112 of 20991399", "run «datetime» of 20991399", "clock"),
    ("training took 12.5 seconds, accuracy 0.91", "training took «duration», accuracy 0.91", "timer"),
    ("Elapsed time: 1.25, R2 0.91", "Elapsed time: «duration», R2 0.91", "timer"),
    ("0:00:01.234567", "«duration»", "timer"),
    ("1732322472.53", "«duration»", "timer"),
    ("pid 12345", "pid «pid»", "process"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "masked", "fact"), VOLATILE, ids=[raw[:30] for raw, _, _ in VOLATILE])
def test_what_is_volatile_is_replaced_by_its_placeholder(raw: str, masked: str, fact: str) -> None:
    assert mask_text(raw, facts=frozenset({fact} - {""})).text == masked


@pytest.mark.parametrize(("raw", "masked", "fact"), VOLATILE, ids=[raw[:30] for raw, _, _ in VOLATILE])
def test_masking_twice_changes_nothing_more(raw: str, masked: str, fact: str) -> None:
    facts = frozenset({fact} - {""})
    again = mask_text(masked, facts=facts)
    assert (again.text, again.hits) == (masked, {})


DATA = [
    "2024-03-01",
    "2024-03-01 10:00:00",
    "DatetimeIndex(['2024-01-01', '2024-01-02'], dtype='datetime64[ns]', freq='D')",
    "last day: Mon, 23 Nov 2026",
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\nSubject: offer",
    "[12:30:00, 14:00:00]",
    "mean delay 12.3 s",
    "arrival_time    12.5",
    "0xdeadbeef",
    "pid 12345",
    "2024-01-01 10:00:00 ERROR disk full",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "12345678901234567890123456789012",
    "/data/tmp/x.csv",
    "accuracy 0.91 over 100 loops",
    "1732322472.53",
    "total: 57.2 m",
]


@pytest.mark.parametrize("text", DATA)
def test_data_is_left_alone(text: str) -> None:
    """A date, a duration or a number is data unless the cell's code or the text around it says otherwise."""
    assert mask_text(text, facts=frozenset()).text == text


def test_a_digest_is_a_result_where_the_cell_computes_digests() -> None:
    digest = "9e107d9d372bb6826bd81d3542a419d6"
    assert mask_text(digest, facts=frozenset({"hashing"})).text == digest
    assert mask_text(digest, facts=frozenset()).text == "«id»"


def test_a_model_summary_loses_only_the_moment_of_its_making() -> None:
    summary = (
        "Dep. Variable:   y   R-squared:   0.975\n"
        "Date:                Mon, 23 Nov 2026   Prob (F-statistic):           4.42e-07\n"
        "Time:                        00:41:12   Log-Likelihood:                -6.4735\n"
    )
    masked = mask_text(summary, facts=frozenset())
    assert masked.text.count("«datetime»") == 2
    assert "4.42e-07" in masked.text
    assert list(masked.hits) == ["summary-date"]


def test_a_model_summary_in_html_and_latex_is_masked_too() -> None:
    html = '<table class="simpletable"><th>Date:</th>  <td>Mon, 23 Nov 2026</td> <th>Time:</th> <td>00:41:12</td>'
    latex = r"\textbf{Dep. Variable:} & y \\ \textbf{Date:} & Mon, 23 Nov 2026 & \textbf{  Log-Likelihood:    } & -1"
    assert mask_text(html, facts=frozenset()).text.count("«datetime»") == 2
    assert "«datetime»" in mask_text(latex, facts=frozenset()).text


def test_the_folder_that_a_notebook_ran_in_is_masked_where_it_is_known() -> None:
    masked = mask_text("/srv/a/run and /srv/a/running", facts=frozenset(), folders=("/srv/a/run/",))
    assert masked.text == "«folder» and /srv/a/running"


@pytest.mark.parametrize(
    ("raw", "settled"),
    [
        (" 10%|#\r 50%|##\r100%|###\ndone\n", "100%|###\ndone\n"),
        ("a\r\nb", "a\nb"),
        ("abc\b\bX", "aX"),
        ("1/10\b\b\b\b2/10\b\b\b\b", ""),
        ("100%\r\n", "100%\n"),
        ("100%\r", "100%"),
    ],
)
def test_rewritten_lines_keep_their_last_state(raw: str, settled: str) -> None:
    assert settle_overwrites(raw) == settled


def test_a_rule_that_masked_the_same_on_both_sides_hid_nothing() -> None:
    assert needed({"a": ["x"]}, {"a": ["x"]}) == ()
    (mask,) = needed({"a": ["x"]}, {"a": ["y"]})
    assert (mask.rule, mask.count, mask.example) == ("a", 2, "x")


def test_every_rule_says_why() -> None:
    names = [rule.name for rule in (*ALWAYS, *DRIFT)]
    assert len(names) == len(set(names))
    assert all(WHY[name] for name in names)


SEEDS = [
    "a", "0", "1.", "/", "/a", " /a", "\\", "\\\\a", ":", " ", "\n", "\t", "-", "'", '"', "<", "[", "(", "{", "f",
    "0x", "0f-", "at 0x", "T_", "#T_0", "<table", "Date:", "Date: ", "Dep. Variable Time: 00:00:0", "per loop",
    "CPU times:", "1 ± 1", " [00:00", " [00:00<", "/s", "1s 1", "total= ", "elapsed:", "'mean_fit_time': array([",
    "'fit_time': [1, ", "/tmp/", "/home/", "/a/site-packages", "ipykernel_1/", "site-packages", "created_at ",
    "2024-01-01 ", "2024-01-01T00:00:00", "Mon, 1 Jan ", "Jan 1 ", "datetime.datetime(1, ", "12:", "1 day",
    "took 1", "took ", "time=", "np.float64(", "np.str_('", "dtype='object", "object ", "<Axes", "<matplotlib.a",
    "\x1b[", "\x1b]", "version 1.", "pid ", "process id ", "C:\\Users\\a\\", "1e", "1,", "_fit_time", "127.0.0.1:",
    "sk-container-id-", "NaN", "1-", "abcdef01-", "0123456789abcdef",
]  # fmt: skip


@pytest.mark.parametrize("rule", [*ALWAYS, *SVG, *DRIFT], ids=lambda rule: rule.name)
def test_no_input_of_a_megabyte_slows_a_rule_down(rule: MaskRule) -> None:
    """Each pattern is linear: a tenth of a megabyte of anything takes a fraction of a second."""
    from pressrun.rules.compare.masking import _compiled

    pattern = _compiled(rule.pattern)
    slowest = ("", 0.0)
    for seed in (*SEEDS, *rule.hints, *(hint + "1 " for hint in rule.hints)):
        text = (seed * (100_000 // len(seed) + 1))[:100_000] + "!"
        start = time.process_time()
        pattern.sub("", text)
        slowest = max(slowest, (seed, time.process_time() - start), key=lambda pair: pair[1])
    assert slowest[1] < 0.2, slowest
