import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.rules.axis import axis_over

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("values", "most", "labels"),
    [
        ([0.81, 0.87], 5, ["0.80", "0.82", "0.84", "0.86", "0.88"]),
        ([0.0, 100.0], 5, ["0", "25", "50", "75", "100"]),
        ([-1.0, 1.0], 5, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        ([3.0], 5, ["2.6", "2.8", "3.0", "3.2", "3.4"]),
        ([0.0], 3, ["-1", "0", "1"]),
        ([1e-9, 2e-9], 3, ["1e-09", "1.5e-09", "2e-09"]),
        ([123456789.0, 123456790.0], 3, ["123456789.0", "123456789.5", "123456790.0"]),
    ],
)
def test_ticks_stand_at_numbers_that_people_read(values, most, labels):
    axis = axis_over(values, most)
    assert [axis.label(tick) for tick in axis.ticks] == labels


@given(st.lists(FINITE, min_size=1, max_size=5), st.integers(3, 12))
def test_every_value_has_its_place_between_the_first_and_the_last_tick(values, most):
    axis = axis_over(values, most)
    assert 2 <= len(axis.ticks) <= most
    assert (axis.low, axis.high) == (axis.ticks[0], axis.ticks[-1])
    assert list(axis.ticks) == sorted(set(axis.ticks))
    for value in values:
        if abs(value) < 1e300:
            room = (axis.high - axis.low) * 1e-6
            assert axis.low - room <= value <= axis.high + room
        assert 0.0 <= axis.part(value) <= 1.0
        assert axis.label(axis.ticks[0])


@given(st.lists(FINITE, min_size=2, max_size=2, unique=True).map(sorted))
def test_a_larger_value_never_stands_lower(values):
    axis = axis_over(values, 6)
    assert axis.part(values[0]) <= axis.part(values[1])
