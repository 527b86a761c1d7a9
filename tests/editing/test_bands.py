from __future__ import annotations

import pytest

from nof1sim.conditions.acne.counts import count_map
from nof1sim.editing.balance_editor import severity_of
from nof1sim.editing.bands import HAYASHI, MOST_HALF, Band, added_range, parse_classes
from nof1sim.errors import InputError


def test_hayashi_s_bands() -> None:
    assert [(band.name, band.title, band.low, band.high) for band in HAYASHI] == [
        ("0", "Mild", 0, 5), ("1", "Moderate", 6, 20), ("2", "Severe", 21, 50), ("3", "Very severe", 51, 70),
    ]  # fmt: skip
    assert parse_classes(None) == HAYASHI


@pytest.mark.parametrize("old", HAYASHI)
@pytest.mark.parametrize("new", HAYASHI)
def test_added_lesions_are_of_the_class_and_so_is_the_sum(old: Band, new: Band) -> None:
    if old == new:
        return
    low, high = added_range(old, new)
    assert new.low <= low <= high <= new.high  # the added ones alone
    if old.low < new.low < 51:  # and with all that can be there already; the open class has no upper end
        assert high + old.high <= new.high


def test_a_band_too_narrow_for_both_keeps_the_added_ones_in_it() -> None:
    narrow = parse_classes("a=0-20,b=21-30,c=31-")
    assert added_range(narrow[0], narrow[1]) == (21, 21)


def test_names_and_bands() -> None:
    assert [band.low for band in parse_classes("mild, moderate,severe,worst")] == [0, 6, 21, 51]
    assert parse_classes("clear=0-0,mild=1-5,rest=6-")[-1] == Band("rest", "rest", 6, MOST_HALF)


@pytest.mark.parametrize(
    "text", ["a,b,c", "a,a,b,c", "a,A,b,c", "../x,b,c,d", "a=0-5,b=7-", "a=1-5,b=6-", "a=0-5,b=3-", "a=0-", "a=0-5,b",
             "a=0-5,b=6-80", "", "a=0-5,b=6-3"],
)  # fmt: skip
def test_classes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="--classes"):
        parse_classes(text)


def test_a_severity_for_every_count_gives_that_count() -> None:
    for lesions in range(MOST_HALF + 1):
        assert int(count_map().targets([severity_of(lesions)])[0]) == 2 * lesions  # type: ignore[arg-type]
