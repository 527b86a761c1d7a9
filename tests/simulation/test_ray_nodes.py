"""One dataset, whatever draws it: in turn, in processes, in shares, on a Ray cluster of which a node is killed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from nof1sim.dataset import layout
from nof1sim.errors import DatasetError
from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.simulation import grid
from nof1sim.simulation.driver import simulate

from .conftest import contents, small_protocol

HEAD = {"num_cpus": 1, "include_dashboard": False}


@pytest.fixture
def nodes(test_renderers: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster of two nodes with a CPU each."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    pytest.importorskip("ray", reason="the extra nof1sim[ray] is not installed")
    utils = importlib.import_module("ray.cluster_utils")
    cluster = utils.Cluster(initialize_head=True, head_node_args=HEAD)
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


def faces() -> Protocol:
    """Three people, 20 days, small faces of the default renderer."""
    design = {"baseline_days": 4, "period_days": 4, "cycles": 2}
    return with_changes(load_protocol("default"), cohort={"patients": 3}, design=design, images={"size_px": 64})


class Axe:
    """Kills a node of a cluster, without a word, while an actor there is drawing."""

    def __init__(self, cluster: Any) -> None:
        self.cluster, self.node = cluster, next(iter(cluster.worker_nodes))
        self.raylet = psutil.Process(self.node.all_processes["raylet"][0].process.pid)
        self.fallen = 0

    def __call__(self, done: int, total: int, what: str) -> None:
        """Progress of a run: called as reports come."""
        if done and not self.fallen and self._at_work():
            self.fallen = done
            self.cluster.remove_node(self.node, allow_graceful=False)

    def _at_work(self) -> bool:
        for child in self.raylet.children():
            with suppress(psutil.Error):
                if child.cmdline()[:1] == ["ray::Actor.work"]:
                    return True
        return False


def test_every_engine_and_a_cluster_that_loses_a_node_give_the_same_bytes(
    nodes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = faces()
    monkeypatch.setattr(grid, "SHARD_PICTURES", 4)
    simulate(protocol, tmp_path / "serial", workers=1)
    expected = contents(tmp_path / "serial")
    assert simulate(protocol, tmp_path / "processes", workers=2).complete
    assert contents(tmp_path / "processes") == expected
    shares = [simulate(protocol, tmp_path / "shares", workers=1, shard=f"{share}/4") for share in range(4)]
    assert [share.complete for share in shares] == [False, False, False, True]
    assert contents(tmp_path / "shares") == expected

    monkeypatch.chdir(tmp_path)  # the actors have another current folder
    axe = Axe(nodes)
    outcome = simulate(protocol, "ray", engine="ray", engine_options={"address": nodes.address}, progress=axe)
    assert 0 < axe.fallen < outcome.total
    assert (outcome.complete, outcome.failures, outcome.drawn) == (True, (), outcome.total)
    assert contents(tmp_path / "ray") == expected


def test_workers_that_do_not_see_the_folder_are_a_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a cluster without a shared disk: what the run has started is not there for the worker."""
    from nof1sim.simulation.worker import Worker, WorkOrder

    protocol = small_protocol()
    with pytest.raises(DatasetError, match=r"does not see the dataset.*a shared folder, or a store"):
        Worker(WorkOrder(protocol.canonical_json(), str(tmp_path / "elsewhere")))
    assert not (tmp_path / "elsewhere" / layout.START).exists()
