import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.rules.timestamps import seconds_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-08-03", "2026-08-03T00:00:00.000000+00:00"),
        ("2026-08-03T14:00Z", "2026-08-03T16:00:00+02:00"),
        ("2026-08-03 14:00", "2026-08-03T14:00:00Z"),
        ("2026-08-03T14:00:00.5Z", "2026-08-03T14:00:00.500000+00:00"),
        ("2026-08-03T14:00:00.123456789Z", "2026-08-03T14:00:00.123456Z"),
    ],
)
def test_two_spellings_of_one_instant_are_equal(one, other):
    assert seconds_of(other) == seconds_of(one)
    assert seconds_of(one) is not None


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026", "2026-13-01", "2026-02-30", "2026-08-03T25:00Z", "20260803", "2026-08-03T", "2026-08-03Z",
     "٢٠٢٦-٠٨-٠٣", "2026-08-03T14:00:00.Z", "2026-08-03T14:00+99:00", "0000-01-01"],
)  # fmt: skip
def test_what_is_no_date_or_time_has_no_seconds(text):
    assert seconds_of(text) is None


@given(st.datetimes(timezones=st.timezones()))
def test_the_seconds_are_those_of_the_instant(moment):
    offset = moment.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        return  # ISO 8601 writes whole minutes
    assert seconds_of(moment.isoformat(timespec="microseconds")) == pytest.approx(moment.timestamp(), abs=1e-5)
