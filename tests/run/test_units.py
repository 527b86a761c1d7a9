from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1sim.errors import DatasetError
from nof1sim.model import Unit
from nof1sim.run.deal import Deal
from nof1sim.run.share import ALL
from nof1sim.run.units import Shard, choose, halves, joined, partition, place

UNITS = st.sets(
    st.builds(Unit, st.integers(0, 8), st.integers(1, 30), st.integers(1, 2), st.sampled_from(["front", "left"])),
    max_size=80,
)


def grid(patients: int, days: int) -> list[Unit]:
    return [Unit(rank, day) for rank in range(patients) for day in range(1, days + 1)]


@given(UNITS, st.integers(1, 20))
def test_shards_are_the_whole_and_never_span_patients(units: set[Unit], size: int) -> None:
    shards = partition(units, size)
    assert [unit for shard in shards for unit in shard.units] == sorted(units)
    assert all(1 <= len(shard.units) <= size for shard in shards)
    assert all(len({unit.rank for unit in shard.units}) == 1 for shard in shards)
    assert len({shard.id for shard in shards}) == len(shards)


@given(UNITS, st.integers(1, 20))
def test_the_order_of_the_units_does_not_matter(units: set[Unit], size: int) -> None:
    assert partition(sorted(units, reverse=True), size) == partition(units, size)


def test_a_shard_s_name_depends_on_its_content_alone() -> None:
    first, second = partition(grid(2, 10), 10)
    assert first.id != second.id
    assert partition(grid(1, 10), 10) == [first]
    assert partition(grid(2, 10), 10)[1].id == second.id == "e70308cc6b5e7ce2"


@given(UNITS, st.integers(1, 40))
def test_shares_are_disjoint_and_together_the_whole(units: set[Unit], n: int) -> None:
    shares = [choose(units, f"{i}/{n}") for i in range(n)]
    assert sorted(unit for share in shares for unit in share) == sorted(units)


@given(st.integers(1, 12), st.integers(1, 12))
def test_whole_patients_by_rank_while_there_are_enough(patients: int, n: int) -> None:
    if n > patients:
        return
    for i in range(n):
        assert choose(grid(patients, 3), f"{i}/{n}") == [u for u in grid(patients, 3) if u.rank % n == i]


def test_beyond_that_patients_are_split_into_runs_of_days() -> None:
    shares = [choose(grid(2, 10), f"{i}/5") for i in range(5)]
    assert [next(unit.rank for unit in share) for share in shares] == [0, 1, 0, 1, 0]
    assert [[unit.day for unit in share] for share in shares] == [
        [1, 2, 3, 4],
        [1, 2, 3, 4, 5],
        [5, 6, 7],
        [6, 7, 8, 9, 10],
        [8, 9, 10],
    ]


def test_views_and_occasions_of_a_day_stay_together() -> None:
    units = [Unit(0, day, occasion, view) for day in (1, 2) for occasion in (1, 2) for view in ("front", "left")]
    assert {unit.day for unit in choose(units, "0/2")} == {1}
    assert len(choose(units, "1/2")) == 4


@pytest.mark.parametrize("share", ["3/3", "4/3", "-1/3", "1", "1/0", "a/b", "", "1/3/5", "0.5/2"])
def test_a_wrong_share_is_a_letter(share: str) -> None:
    with pytest.raises(DatasetError, match="0 <= i < n"):
        choose([Unit(0, 1)], share)


def test_all_is_everything() -> None:
    assert choose(grid(2, 3), ALL) == grid(2, 3)


def test_a_plan_of_nothing_has_empty_shares() -> None:
    assert choose([], "1/3") == []
    assert partition([], 5) == []


def test_a_shard_of_nothing_is_a_bug() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        partition([Unit(0, 1)], 0)


def test_a_process_stays_with_a_patient_and_helps_out_at_the_end() -> None:
    shards = partition([Unit(rank, day) for rank in range(3) for day in range(1, 11)], 1)
    deal = Deal(shards, 2)
    first = [deal.take(0) for _ in range(10)]
    assert [shard.units[0].rank for shard in first if shard] == [0] * 10
    assert deal.take(1).units[0].rank == 1
    assert deal.take(0).units[0].rank == 2
    rest: list[Shard] = []
    while shard := deal.take(0):  # lane 1 never asks again: lane 0 takes over half and half again
        rest.append(shard)
    while shard := deal.take(1):
        rest.append(shard)
    assert sorted(shard.units[0] for shard in rest) == sorted(
        [Unit(1, day) for day in range(2, 11)] + [Unit(2, day) for day in range(2, 11)]
    )


def test_a_shard_in_halves_keeps_its_order_and_its_batches() -> None:
    (shard,) = partition([Unit(0, day) for day in range(1, 6)], 5)
    first, second = halves(shard)
    assert (first.units + second.units, len(first.units)) == (shard.units, 2)
    assert {piece.whole for piece in (first, second, *halves(second))} == {shard.units}
    assert place(second.units[0]) == "patient 1, day 3 (front, occasion 1)"


def test_joined_shards_keep_to_a_patient_a_size_and_their_batches() -> None:
    units = [Unit(rank, day, 1, "front") for rank in range(2) for day in range(1, 51)]
    small = partition(units, 20)
    big = joined(small, 45)
    assert [len(shard.units) for shard in big] == [40, 10, 40, 10]
    assert [unit for shard in big for unit in shard.units] == units
    assert {shard.units[0].rank for shard in big} == {0, 1}
    assert [batch for shard in big for batch in shard.batches(8)] == [b for shard in small for b in shard.batches(8)]
    assert [len(shard.units) for shard in joined(small, 5)] == [20, 20, 10] * 2
