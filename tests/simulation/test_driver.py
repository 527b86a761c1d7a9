"""A dataset is a function written out over its grid: workers, order, shards, kills and resumes change no byte."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from nof1sim.dataset.reader import open_dataset
from nof1sim.errors import DatasetError, Nof1simError, ProtocolError
from nof1sim.model import Unit
from nof1sim.protocol import Protocol, with_changes
from nof1sim.simulation.driver import simulate
from nof1sim.simulation.plan import Plan
from nof1sim.simulation.verify import verify

from .conftest import contents, run, small_protocol


def test_one_and_two_workers_write_the_same_bytes(small: Protocol, tmp_path: Path) -> None:
    assert run(small, tmp_path / "one").complete
    assert simulate(small, tmp_path / "two", workers=2).complete
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_is_not_compiled_is_so_once_before_any_worker_starts(
    small: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nof1sim_test_renderers import Dots

    said: list[str] = []

    def tell(done: int, total: int, what: str) -> None:
        said.append(what.partition(",")[0])

    monkeypatch.setattr(Dots, "compiled", staticmethod(lambda: False), raising=False)
    assert simulate(small, tmp_path / "cold", workers=1, engine="processes", progress=tell).complete
    assert list(dict.fromkeys(said)) == ["Planning", "Compiling", "Drawing", "Writing tables"]
    said.clear()
    monkeypatch.setattr(Dots, "compiled", staticmethod(lambda: True))
    assert simulate(small, tmp_path / "warm", workers=1, engine="processes", progress=tell).complete
    assert "Compiling" not in said
    assert contents(tmp_path / "cold") == contents(tmp_path / "warm")


def test_the_union_of_shards_is_the_whole(small: Protocol, tmp_path: Path) -> None:
    run(small, tmp_path / "whole")
    assert not run(small, tmp_path / "parts", shard="1/2").complete
    with pytest.raises(DatasetError, match="unfinished"):
        open_dataset(tmp_path / "parts")
    assert run(small, tmp_path / "parts", shard="0/2").complete
    assert contents(tmp_path / "whole") == contents(tmp_path / "parts")


def test_a_complete_dataset_is_left_alone(small: Protocol, tmp_path: Path) -> None:
    run(small, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    outcome = run(small, tmp_path)
    assert outcome.complete
    assert outcome.drawn == 0
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_killed_in_the_middle_it_resumes_to_the_same_bytes(small: Protocol, tmp_path: Path) -> None:
    run(small, tmp_path / "whole")
    file = tmp_path / "p.yaml"
    file.write_text(yaml.safe_dump(small.model_dump(mode="json")))
    command = [sys.executable, "-m", "nof1sim", "simulate", "-p", str(file), "--out", str(tmp_path / "killed")]
    process = subprocess.Popen([*command, "--workers", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if list((tmp_path / "killed" / "images").glob("*/*.jpg")) or process.poll() is not None:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with pytest.raises(DatasetError, match="unfinished"):
        open_dataset(tmp_path / "killed")
    assert run(small, tmp_path / "killed").complete
    assert contents(tmp_path / "whole") == contents(tmp_path / "killed")


def test_ctrl_c_leaves_a_folder_that_the_same_command_finishes(tmp_path: Path) -> None:
    protocol = small_protocol(cohort={"patients": 40})
    file = tmp_path / "p.yaml"
    file.write_text(yaml.safe_dump(protocol.model_dump(mode="json")))
    command = [sys.executable, "-m", "nof1sim", "simulate", "-p", str(file), "--out", str(tmp_path / "d")]
    process = subprocess.Popen([*command, "--workers", "1"], stderr=subprocess.PIPE, text=True)
    for _ in range(4500):  # kernels may have to be compiled first
        if list((tmp_path / "d" / "images").glob("*/*.jpg")):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "The same command goes on from here" in said
    assert run(protocol, tmp_path / "d").complete


@pytest.mark.parametrize("change", [{"seed": 1}, {"cohort": {"patients": 4}}, {"images": {"size_px": 65}}])
def test_another_protocol_is_refused_and_nothing_is_changed(
    small: Protocol, tmp_path: Path, change: dict[str, object]
) -> None:
    run(small, tmp_path)
    before = contents(tmp_path)
    with pytest.raises(DatasetError, match="overwrite"):
        run(with_changes(small, **change), tmp_path)
    assert contents(tmp_path) == before


def test_overwrite_replaces_the_dataset_and_keeps_foreign_files(small: Protocol, tmp_path: Path) -> None:
    run(with_changes(small, cohort={"patients": 4}), tmp_path / "a")
    (tmp_path / "a" / "my notes.txt").write_text("mine")
    run(small, tmp_path / "a", overwrite=True)
    run(small, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b") | {
        "my notes.txt": contents(tmp_path / "a")["my notes.txt"]
    }


def test_a_folder_of_somebody_elses_is_refused(small: Protocol, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(DatasetError, match="no dataset"):
        run(small, tmp_path, overwrite=True)
    assert contents(tmp_path).keys() == {"thesis.docx"}


def test_a_picture_that_fails_is_listed_and_the_rest_is_drawn(tmp_path: Path) -> None:
    protocol = small_protocol(images={"renderer": "nof1sim_test_renderers:Fails"})
    outcome = run(protocol, tmp_path)
    assert not outcome.complete
    assert len(outcome.failures) == 3
    assert outcome.drawn == 27
    with pytest.raises(DatasetError, match="unfinished"):
        open_dataset(tmp_path)


def test_two_runs_in_one_folder_are_refused(small: Protocol, tmp_path: Path) -> None:
    from nof1sim.dataset.layout import LOCKS
    from nof1sim.dataset.target import Target
    from nof1sim.run.lock import locked

    with (
        locked(Target(str(tmp_path)).path_of(LOCKS), "0/1"),
        pytest.raises(DatasetError, match="another run"),
    ):
        run(small, tmp_path)


def test_a_full_disk_is_a_letter_and_the_run_goes_on_later(
    small: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nof1sim.dataset import local_files

    real, left = local_files.write_atomically, [20]

    def full(path: Path, data: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(local_files, "write_atomically", full)
    with pytest.raises(DatasetError, match="disk is full"):
        run(small, tmp_path / "a")
    monkeypatch.undo()
    with pytest.raises(DatasetError):
        open_dataset(tmp_path / "a")
    assert run(small, tmp_path / "a").complete
    run(small, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_without_pictures_there_are_tables_and_truth(tmp_path: Path) -> None:
    protocol = small_protocol(images={"enabled": False})
    assert run(protocol, tmp_path).complete
    dataset = open_dataset(tmp_path)
    assert dataset.units() == []
    assert dataset.observations().height == 30
    assert dataset.truth("lesion_days").height > 0


def test_unknown_renderer_condition_and_engine_name_the_nearest(small: Protocol, tmp_path: Path) -> None:
    changes = {"images": {"renderer": "procedurl"}, "condition": {"name": "akne"}}
    with pytest.raises(ProtocolError, match=r"(?s)Did you mean 'acne'.*Did you mean 'procedural'"):
        with_changes(small, **changes)
    with pytest.raises(ProtocolError, match="Did you mean 'serial'"):
        run(small, tmp_path / "x", engine="seriel")


def test_a_picture_can_be_asked_for_alone_in_any_order(small: Protocol) -> None:
    forward, backward = Plan(small), Plan(small)
    units = forward.units()
    views = {unit: forward.view(unit) for unit in units}
    for unit in reversed(units):
        again, first = backward.view(unit), views[unit]
        assert again.nuisance == first.nuisance
        assert again.address == first.address
        for name in again.scene.lesions.__dataclass_fields__:
            assert (getattr(again.scene.lesions, name) == getattr(first.scene.lesions, name)).all()


def test_verify_draws_again_and_finds_a_changed_picture(small: Protocol, tmp_path: Path) -> None:
    run(small, tmp_path)
    assert verify(tmp_path, 30).same
    victim = tmp_path / open_dataset(tmp_path).path(Unit(1, 4))
    data = bytearray(victim.read_bytes())
    data[-20] ^= 1
    victim.write_bytes(bytes(data))
    found = verify(tmp_path, 30)
    assert not found.same
    assert found.damaged == (victim.relative_to(tmp_path).as_posix(),)


@pytest.mark.parametrize("name", ["observations.csv", "truth/days.csv", "truth/masks/P001/P001_d002_front.png"])
def test_verify_finds_any_changed_or_missing_file(small: Protocol, tmp_path: Path, name: str) -> None:
    run(small, tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b" ")
    assert verify(tmp_path, 0).damaged == (name,)
    (tmp_path / name).unlink()
    assert verify(tmp_path, 0).damaged == (name,)


def test_a_wrong_option_claims_no_folder(small: Protocol, tmp_path: Path) -> None:
    for options in ({"engine": "threads"}, {"shard": "2/2"}):
        with pytest.raises(Nof1simError):
            run(small, tmp_path / "d", **options)
    with pytest.raises(ProtocolError, match="--workers"):
        simulate(small, tmp_path / "d", workers=0)
    with pytest.raises(ProtocolError, match="front, left"):
        run(with_changes(small, images={"views": ["sideways"]}), tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_a_plain_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import nof1sim\n"
        "print('started')\n"
        f"protocol = nof1sim.load_protocol({str(tmp_path / 'p.yaml')!r})\n"
        f"print(nof1sim.simulate(protocol, {str(tmp_path / 'd')!r}, workers=2).complete)\n"
    )
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(small_protocol().model_dump(mode="json")))
    found = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert found.stdout.split() == ["started", "True"], found.stderr


def test_a_complete_dataset_that_lost_files_is_not_called_complete(small: Protocol, tmp_path: Path) -> None:
    run(small, tmp_path)
    (tmp_path / "images" / "P002" / "P002_d003_front.jpg").unlink()
    with pytest.raises(DatasetError, match="1 of its files are gone"):
        run(small, tmp_path)
    assert run(small, tmp_path, overwrite=True).complete


def test_a_thing_that_is_no_renderer_is_a_letter(small: Protocol, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"images\.renderer"):
        run(with_changes(small, images={"renderer": "os:path"}), tmp_path / "d")


def test_several_workers_of_the_serial_engine_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"--workers: got 3; allowed: 1 with --engine serial"):
        simulate(small_protocol(), tmp_path / "d", engine="serial", workers=3)
    assert not (tmp_path / "d").exists()
