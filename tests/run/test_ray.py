"""The engine `ray` on a cluster of this machine, and its letters where there is no Ray, or no cluster."""

from __future__ import annotations

import http.server
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from nof1sim.errors import DatasetError, ProtocolError
from nof1sim.model import Unit
from nof1sim.run import ray_cluster, ray_engine
from nof1sim.run.engine import Report
from nof1sim.run.ray_cluster import slots
from nof1sim.run.ray_engine import RayEngine
from nof1sim.run.units import partition
from nof1sim.simulation.driver import make_engine
from nof1sim.versions import versions

HERE = Path(__file__).parent
SHARDS = partition([Unit(rank, day) for rank in range(6) for day in range(1, 5)], 4)

HEAD = {"num_cpus": 2, "include_dashboard": False}

Make = Callable[[str], Any]


@pytest.fixture(scope="module")
def importable() -> Iterator[None]:
    """Makes the workers of the tests importable here and in the actors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH", "")])))
        patch.setenv("RAY_AUTH_MODE", "disabled")  # whatever token the user has
        yield


@pytest.fixture(scope="module")
def cluster(importable: None) -> Iterator[Any]:
    """A node with two CPUs; nobody in this process is connected to it."""
    pytest.importorskip("ray", reason="the extra nof1sim[ray] is not installed")
    utils = importlib.import_module("ray.cluster_utils")
    made = utils.Cluster(initialize_head=True, head_node_args=HEAD)
    yield made
    made.shutdown()


@pytest.fixture
def make(tmp_path: Path, importable: None) -> Make:
    workers = importlib.import_module("nof1sim_test_workers")
    return lambda kind: workers.Make(kind, str(tmp_path))


@pytest.fixture
def engine(cluster: Any) -> RayEngine:
    return RayEngine(2, cluster.address)


def done(folder: Path) -> set[str]:
    return {path.name.removeprefix("done-") for path in folder.glob("done-*")}


def actors(folder: Path) -> list[int]:
    """The processes that built a worker."""
    return [int(path.name.removeprefix("built-")) for path in folder.glob("built-*")]


def test_actors_build_one_worker_each_and_end_with_the_run(engine: RayEngine, make: Make, tmp_path: Path) -> None:
    reports = list(engine.map(make("plain"), SHARDS))
    assert reports == [Report(3, ("dark",))] * len(SHARDS)
    assert done(tmp_path) == {shard.id for shard in SHARDS}
    assert 1 <= len(actors(tmp_path)) <= 2
    assert os.getpid() not in actors(tmp_path)
    assert _gone(actors(tmp_path))
    assert not importlib.import_module("ray").is_initialized()


def test_nothing_to_do_needs_no_ray(tmp_path: Path) -> None:
    assert list(RayEngine(2, "127.0.0.1:1").map(lambda: pytest.fail("built"), [])) == []


def test_actors_use_one_thread_and_are_told_what_the_driver_is_told(
    engine: RayEngine, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    list(engine.map(make("threads"), SHARDS[:1]))
    assert [path.read_text() for path in tmp_path.glob("done-*")] == ["11"]
    monkeypatch.setenv("NOF1SIM_MODELS", "/shared/models")
    list(engine.map(make("told"), SHARDS[:1]))
    assert [path.read_text() for path in tmp_path.glob("done-*")] == ["/shared/models"]


@pytest.mark.parametrize(("kind", "words"), [("fail", "the disk is full"), ("unbuildable", "the weights are missing")])
def test_a_worker_s_letter_ends_the_run(engine: RayEngine, kind: str, words: str, make: Make, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=words):
        list(engine.map(make(kind), SHARDS))
    assert _gone(actors(tmp_path))


def test_whoever_stops_listening_stops_the_actors(cluster: Any, make: Make, tmp_path: Path) -> None:
    shards = partition([Unit(0, day) for day in range(1, 60)], 1)
    reports = RayEngine(1, cluster.address).map(make("plain"), shards)
    next(reports)
    reports.close()
    assert len(done(tmp_path)) <= 4
    assert _gone(actors(tmp_path))


def test_an_actor_that_dies_is_started_anew(engine: RayEngine, make: Make, tmp_path: Path) -> None:
    reports = list(engine.map(make("die_once"), SHARDS))
    assert reports == [Report(3, ("dark",))] * len(SHARDS)
    assert done(tmp_path) == {shard.id for shard in SHARDS}
    assert (tmp_path / "died").exists()


@pytest.mark.slow
def test_a_picture_that_kills_every_process_is_listed_and_the_rest_is_drawn(
    engine: RayEngine, make: Make, tmp_path: Path
) -> None:
    reports = list(engine.map(make("poison"), SHARDS))
    bad = [report for report in reports if report.failures != ("dark",)]
    assert [(report.done, len(report.failures)) for report in bad] == [(0, 1)]
    assert bad[0].failures[0].startswith("patient 3, day 3 (front, occasion 1): its process died 4 times")
    drawn = done(tmp_path)
    assert {shard.id for shard in SHARDS if shard.units[0].rank != 2} <= drawn
    pieces = partition([Unit(2, 4)], 1) + partition([Unit(2, 1), Unit(2, 2)], 2)
    assert {piece.id for piece in pieces} <= drawn
    assert len(drawn) == len(SHARDS) - 1 + len(pieces)


def test_mixed_versions_are_refused_by_name(
    engine: RayEngine, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = versions()
    monkeypatch.setattr(ray_engine, "versions", lambda: here | {"numpy": "0.0.1"})
    with pytest.raises(DatasetError, match=rf"Mixed versions.*numpy {here['numpy']} \(here 0\.0\.1\)"):
        list(engine.map(make("plain"), SHARDS))
    assert actors(tmp_path) == []
    assert done(tmp_path) == set()


def test_another_ray_is_refused_by_name(cluster: Any, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = importlib.import_module("ray")
    there = ray.__version__
    monkeypatch.setattr(ray, "__version__", "0.0.1")
    with pytest.raises(DatasetError, match=rf"Version mismatch.*Ray: {there} .*Ray: 0\.0\.1 "):
        list(RayEngine(2, cluster.address).map(make("plain"), SHARDS))


def test_a_plug_in_that_the_nodes_do_not_have_is_a_letter(engine: RayEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("nof1sim_only_here")
    exec("def make(): return None", module.__dict__)
    monkeypatch.setitem(sys.modules, "nof1sim_only_here", module)
    with pytest.raises(DatasetError, match=r"cannot be loaded: No module named 'nof1sim_only_here'.*plug-ins"):
        list(engine.map(module.make, SHARDS))


def test_more_workers_than_cpus_wait_their_turn(cluster: Any, make: Make, tmp_path: Path) -> None:
    assert len(list(RayEngine(5, cluster.address).map(make("plain"), SHARDS))) == len(SHARDS)
    assert done(tmp_path) == {shard.id for shard in SHARDS}


def test_a_cluster_without_the_gpus_is_a_letter(cluster: Any, make: Make) -> None:
    with pytest.raises(DatasetError, match=r"no node with a CPU and 1 GPU.*--workers N"):
        list(RayEngine(None, cluster.address, gpus=1).map(make("plain"), SHARDS))


def test_a_cluster_that_has_no_room_for_anybody_is_a_letter(
    cluster: Any, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_engine, "WAIT_SECONDS", 1.0)
    with pytest.raises(DatasetError, match=r"no worker a place.*room for 0.*same command"):
        list(RayEngine(1, cluster.address, gpus=1).map(make("plain"), SHARDS))


def test_slots_count_whole_workers_of_each_living_node() -> None:
    nodes = [
        {"Alive": True, "Resources": {"CPU": 4.0, "GPU": 1.0}},
        {"Alive": True, "Resources": {"CPU": 2.5}},
        {"Alive": True, "Resources": {"memory": 1e9}},
        {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}},
    ]
    assert [slots(nodes, gpus) for gpus in (0, 1, 0.5, 0.1, 2)] == [6, 1, 2, 4, 0]


@pytest.mark.parametrize("options", [{"workers": 0}, {"gpus": -1}, {"gpus": 1.5}])
def test_wrong_numbers_are_letters(options: dict[str, Any]) -> None:
    with pytest.raises(DatasetError, match=f"--{next(iter(options))}: got"):
        RayEngine(**options)


def test_options_reach_the_engine_that_has_them() -> None:
    made: Any = make_engine(None, "ray", {"address": "auto", "gpus": None}, at_most=1)
    assert (made.workers, made.address, made.gpus) == (1, "auto", 0.0)
    made = make_engine(None, "ray", {"gpus": 0.5}, at_most=1)
    assert (made.workers, made.gpus) == (None, 0.5)
    with pytest.raises(ProtocolError, match=r"--address: got 'auto'; allowed: no options with --engine processes"):
        make_engine(2, None, {"address": "auto"})


def test_without_ray_the_letter_names_the_extra(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DatasetError, match=r"got 'ray'.*allowed: serial, processes.*nof1sim\[ray\]"):
        list(RayEngine(2).map(make("plain"), SHARDS))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:1", "refused"),
        ("ray://127.0.0.1:1", "refused"),
        ("nonsense", "allowed: auto, host:port or ray://host:port"),
        ("127.0.0.1:99999", "allowed: auto"),
    ],
)
def test_a_cluster_that_is_not_there_is_a_quick_letter(address: str, words: str, make: Make) -> None:
    pytest.importorskip("ray")
    begun = time.monotonic()
    with pytest.raises(DatasetError, match=rf"--address: got '{address}'.*{words}"):
        list(RayEngine(2, address).map(make("plain"), SHARDS))
    assert time.monotonic() - begun < 20


def test_another_server_at_that_address_is_a_letter(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setattr(ray_cluster, "JOIN_SECONDS", 1.0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(DatasetError, match="no Ray cluster can be joined there: no answer"):
                list(RayEngine(2, f"127.0.0.1:{server.server_port}").map(make("plain"), SHARDS))
        finally:
            server.shutdown()
            thread.join()


def test_a_connection_of_the_user_s_is_used_and_kept(cluster: Any, make: Make, tmp_path: Path) -> None:
    ray = importlib.import_module("ray")
    ray.init(cluster.address, log_to_driver=False)
    try:
        assert len(list(RayEngine(1).map(make("plain"), SHARDS[:2]))) == 2
        assert ray.is_initialized()
        assert _gone(actors(tmp_path))
        with pytest.raises(DatasetError, match=r"another Ray cluster.*ray\.shutdown"):
            list(RayEngine(1, "127.0.0.1:1").map(make("plain"), SHARDS))
    finally:
        ray.shutdown()


MAIN = """
import sys
sys.path.insert(0, sys.argv[1])
from nof1sim_test_workers import Make
from nof1sim.model import Unit
from nof1sim.run.ray_engine import RayEngine
from nof1sim.run.units import partition

shards = partition([Unit(rank, 1) for rank in range(6)], 4)
try:
    list(RayEngine(2).map(Make("slow", sys.argv[2]), shards))
except KeyboardInterrupt:
    print("interrupted")
"""
"""Starts a Ray of its own and works for long."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopping_the_run_stops_the_ray_that_it_started(
    number: signal.Signals, tmp_path: Path, importable: None
) -> None:
    pytest.importorskip("ray")
    script = tmp_path / "main.py"
    script.write_text(MAIN)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environ["HOME"] = str(tmp_path)  # Ray leaves a token there
    command = [sys.executable, str(script), str(HERE), str(tmp_path)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=environ)
    try:
        end = time.monotonic() + 90
        while len(list(tmp_path.glob("begun-*"))) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        started = psutil.Process(run.pid).children(recursive=True)
        if number == signal.SIGINT:
            os.killpg(run.pid, number)  # a terminal tells the whole group
        else:
            run.kill()
        output, _ = run.communicate(timeout=40)
        _, alive = psutil.wait_procs(started, timeout=20)
    finally:
        run.kill()
    assert len(started) > 3
    # Ray's own agents take a minute to notice that all others are gone.
    assert [p for p in alive if number == signal.SIGINT or not p.name().endswith("Agent")] == []
    assert done(tmp_path) == set()
    assert ("interrupted" in output) is (number == signal.SIGINT)


def _gone(processes: list[int]) -> bool:
    """Whether processes have ended, or do so soon."""
    alive = [psutil.Process(pid) for pid in processes if psutil.pid_exists(pid)]
    return psutil.wait_procs(alive, timeout=10)[1] == []
