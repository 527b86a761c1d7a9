"""Leases: one holder at a time, whoever asks at once; a dead holder's lease is free, without anybody's clock."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError
from nof1sim.run.lease import Leases
from nof1sim.run.lock import at_work, hold, locked, refuse_others
from nof1sim.run.process import identity, is_gone

ELSEWHERE = {"pid": 7, "boot": "another machine", "namespace": "pid:[1]", "started": "1"}


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    return Leases(Target(f"memory://{tmp_path.name}"), "locks", lease_seconds=0.6, beat_seconds=0.15)


def left_by(leases: Leases, who: dict[str, object], name: str = "share-0-of-1") -> None:
    leases.store.write(f"locks/{name}.lock", json.dumps({"token": "old", "beats": 3} | who).encode())


class Elsewhere:
    """A run on another machine that holds a lease and renews it."""

    def __init__(self, leases: Leases, name: str, **said: object) -> None:
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, args=(leases, name, said))
        left_by(leases, ELSEWHERE | said | {"beats": 0}, name)
        self._thread.start()

    def _beat(self, leases: Leases, name: str, said: dict[str, object]) -> None:
        beats = 0
        while not self.ended.wait(leases.beat_seconds):
            beats += 1
            left_by(leases, ELSEWHERE | said | {"beats": beats}, name)

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._thread.join()


def test_a_lease_is_held_once_and_leaves_no_trace(leases: Leases) -> None:
    letter = r"another run .process \d+. is writing here, share 0 of 1.*--shard"
    with locked(leases):
        with pytest.raises(DatasetError, match=letter), locked(leases):
            pass
        assert leases.store.list() == ["locks/share-0-of-1.lock"]
    assert leases.store.list() == []


def test_of_many_that_ask_at_once_one_gets_it_at_a_time(leases: Leases) -> None:
    inside, most, done = [0], [0], []

    def work(number: int) -> None:
        with hold(leases, "finish", wait_seconds=30):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            inside[0] -= 1
            done.append(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(12)))
    assert sorted(done) == list(range(12))
    assert most == [1]


def test_a_run_of_this_machine_that_ended_is_known_to_be_dead_at_once(leases: Leases) -> None:
    dead = identity() | {"pid": 2**22 + 1, "started": "1"}
    assert is_gone(dead) or "boot" not in dead
    if "boot" not in dead:
        pytest.skip("this system does not say when it was booted")
    left_by(leases, dead)
    started = time.monotonic()
    with locked(leases):
        assert time.monotonic() - started < leases.lease_seconds
        assert json.loads(leases.store.read("locks/share-0-of-1.lock"))["pid"] == identity()["pid"]


def test_a_lease_of_elsewhere_that_nobody_renews_is_taken_over_by_one(leases: Leases) -> None:
    left_by(leases, ELSEWHERE)
    held, refused = [], []

    def ask(_: int) -> None:
        try:
            with locked(leases):
                held.append(1)
                time.sleep(0.5)
        except DatasetError:
            refused.append(1)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(ask, range(3)))
    assert (len(held), len(refused)) == (1, 2)
    assert leases.store.list() == []


def test_a_lease_of_elsewhere_that_is_renewed_is_respected(leases: Leases) -> None:
    with (
        Elsewhere(leases, "share-0-of-1"),
        pytest.raises(DatasetError, match=r"another run .process 7."),
        locked(leases),
    ):
        pass


def test_one_who_died_taking_over_blocks_nobody(leases: Leases) -> None:
    left_by(leases, ELSEWHERE)
    leases.store.write("locks/share-0-of-1.lock.after-old", json.dumps(ELSEWHERE).encode())
    with locked(leases):
        pass
    assert leases.store.list() == []


def test_a_damaged_lease_is_that_of_a_dead_run(leases: Leases) -> None:
    leases.store.write("locks/share-0-of-1.lock", b"{")
    with locked(leases):
        pass


def test_a_live_lease_is_renewed(leases: Leases) -> None:
    with locked(leases):
        at_work(leases)
        time.sleep(4 * leases.beat_seconds)
        who = json.loads(leases.store.read("locks/share-0-of-1.lock"))
    assert who["beats"] >= 1
    assert who["at_work"]


def test_a_lease_that_was_lost_is_said_and_not_taken_back(leases: Leases) -> None:
    def lose() -> None:
        with locked(leases):
            left_by(leases, ELSEWHERE)
            time.sleep(3 * leases.beat_seconds)

    with pytest.warns(UserWarning, match="was lost for a while"):
        lose()
    assert json.loads(leases.store.read("locks/share-0-of-1.lock"))["token"] == "old"


def test_a_lease_that_the_end_of_a_run_removed_is_no_loss(leases: Leases) -> None:
    with locked(leases):
        leases.store.remove("locks/share-0-of-1.lock")
        time.sleep(3 * leases.beat_seconds)
    assert leases.store.list() == []


def test_a_lease_that_could_not_be_given_back_is_free(leases: Leases) -> None:
    leases.store.create("locks/share-0-of-1.lock", json.dumps(identity() | {"token": "mine", "beats": 1}).encode())
    started = time.monotonic()
    with locked(leases):
        assert time.monotonic() - started < leases.lease_seconds


def test_shares_of_another_n_are_refused_and_dead_ones_cleared(leases: Leases) -> None:
    with ExitStack() as stack:
        for share in ("0/3", "1/3"):
            stack.enter_context(locked(leases, share))
        with pytest.raises(DatasetError, match=r"share [01] of 3"), locked(leases, "0/4"):
            pass
    left_by(leases, ELSEWHERE, "share-1-of-3")
    with locked(leases, "0/4"):
        assert leases.store.list() == ["locks/share-0-of-4.lock"]


def test_a_store_is_not_cleared_under_a_share_that_is_at_work(leases: Leases) -> None:
    with locked(leases, "1/2"):
        with Elsewhere(leases, "share-0-of-2"):
            refuse_others(leases, "1/2")
        with Elsewhere(leases, "share-0-of-2", at_work=True), pytest.raises(DatasetError, match="share 0 of 2"):
            refuse_others(leases, "1/2")
        refuse_others(leases, "1/2")


def test_a_store_that_is_away_for_a_while_costs_no_lease(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    with locked(leases):
        read, broken = leases.store.read, [3]

        def away(path: str) -> bytes:
            if broken[0]:
                broken[0] -= 1
                raise DatasetError("away")
            return read(path)

        monkeypatch.setattr(leases.store, "read", away)
        time.sleep(6 * leases.beat_seconds)
        assert broken == [0]
        assert json.loads(read("locks/share-0-of-1.lock"))["beats"] >= 1
