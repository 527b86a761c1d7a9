"""An object store behaves badly: what passes is waited out, what does not is said at once, nothing is half-written."""

from __future__ import annotations

import errno
import pickle
import sys
import time
from pathlib import Path

import fsspec
import pytest
from nof1sim_test_s3 import BUCKET, WRITES, Store, forget_clients

from nof1sim.dataset import letters, remote
from nof1sim.dataset.target import Target
from nof1sim.dataset.validate import validate
from nof1sim.errors import DatasetError


@pytest.fixture
def target(s3: Store, request: pytest.FixtureRequest) -> Target:
    return Target(f"s3://{BUCKET}/{request.node.name}")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No wait is waited; the list of those that would have been."""
    waited: list[float] = []
    monkeypatch.setattr(remote, "sleep", waited.append)
    return waited


def test_files_come_back(target: Target, s3: Store) -> None:
    target.ensure_writable()
    assert target.list() == []
    target.write("images/P001/a.jpg", b"one")
    assert s3.counts["PUT"] == 2
    assert target.list() == ["images/P001/a.jpg"]
    assert target.read("images/P001/a.jpg") == b"one"
    assert target.read_range("images/P001/a.jpg", 1, 3) == b"ne"
    assert target.exists("images/P001/a.jpg")
    assert not target.exists("images/P001")
    assert pickle.loads(pickle.dumps(target)).read("images/P001/a.jpg") == b"one"
    target.remove("images/P001/a.jpg")
    target.remove("images/P001/a.jpg")
    assert target.list() == []


def test_what_others_write_is_seen_at_once(target: Target) -> None:
    import s3fs

    assert target.list() == []
    s3fs.S3FileSystem(skip_instance_cache=True).pipe_file(f"{target.url}/a", b"x")
    assert target.list() == ["a"]
    assert target.exists("a")


def test_of_two_writers_of_a_new_file_one_wins(target: Target) -> None:
    assert target.create("lock", b"one")
    assert not target.create("lock", b"two")
    assert target.read("lock") == b"one"


def test_a_big_file_goes_in_parts_and_is_there_when_all_are(target: Target, s3: Store, tmp_path: Path) -> None:
    data = bytes(range(256)) * (1 << 19)  # 128 MiB
    (tmp_path / "big").write_bytes(data)
    stored = target.take_in("packs/big.tar", tmp_path / "big")
    assert stored.bytes == len(data)
    assert s3.counts["POST"] == 2  # begun, and completed
    assert s3.counts["PUT"] > 1
    assert target.read_range("packs/big.tar", 1 << 26, (1 << 26) + 4) == bytes(range(4))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("503 Slow Down", "SlowDown"),
        ("503 Service Unavailable", "ServiceUnavailable"),
        ("500 Internal Server Error", "InternalError"),
        ("429 Too Many Requests", "TooManyRequests"),
    ],
)
def test_a_throttled_store_is_asked_again(
    status: str, code: str, target: Target, s3: Store, waits: list[float]
) -> None:
    s3.fails(3, status, code)
    target.write("a", b"x")
    assert waits == list(remote.WAITS_SECONDS[:3])
    assert s3.counts["PUT"] == 4
    s3.fails(2, status, code)
    assert target.read("a") == b"x"
    s3.fails(2, status, code)
    assert target.exists("a")
    s3.fails(2, status, code)
    assert target.list() == ["a"]


def test_a_store_that_stays_away_is_given_up_after_eight_tries(target: Target, s3: Store, waits: list[float]) -> None:
    s3.fails(1000)
    with pytest.raises(DatasetError, match=r"however often it was asked.*run the same command again"):
        target.write("a", b"x")
    assert s3.counts["PUT"] == 8
    assert sum(waits) == 61.5
    with pytest.raises(DatasetError, match="however often"):  # an error is no "there is no such file"
        target.exists("a")
    s3.heal()
    assert target.list() == []


def test_a_server_that_is_gone_is_waited_for(waits: list[float], monkeypatch: pytest.MonkeyPatch, s3: Store) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    forget_clients()
    with pytest.raises(DatasetError, match="however often"):
        Target(f"s3://{BUCKET}/trial").write("a", b"x")
    assert len(waits) == 7
    forget_clients()


def test_a_slow_answer_is_waited_for_and_a_late_one_asked_for_again(
    target: Target, s3: Store, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config_kwargs": {"read_timeout": 0.4}})
    forget_clients()
    hasty = Target(target.url)
    hasty.write("first", b"x")

    def late(method: str, path: str) -> None:
        time.sleep(1.0 if len(s3.requests) < 3 else 0.0)

    s3.requests.clear()
    s3.meddle = late
    hasty.write("a", b"x")
    assert len(waits) >= 1
    assert hasty.read("a") == b"x"
    forget_clients()


def test_a_refusal_is_said_at_once(target: Target, s3: Store, waits: list[float]) -> None:
    target.write("a", b"x")
    s3.requests.clear()
    s3.meddle = lambda method, path: ("403 Forbidden", "AccessDenied") if method in WRITES else None
    with pytest.raises(DatasetError, match=r"access was refused.*write"):
        target.ensure_writable()
    assert (waits, s3.counts["PUT"]) == ([], 1)
    assert target.read("a") == b"x"


def test_a_missing_bucket_is_said_and_not_made(s3: Store, waits: list[float]) -> None:
    for act in (Target.ensure_writable, Target.list):
        with pytest.raises(DatasetError, match="there is no bucket 'nosuch'"):
            act(Target("s3://nosuch/trial"))
    with pytest.raises(DatasetError, match="there is no bucket 'nosuch'"):
        validate("s3://nosuch/trial")
    import s3fs

    assert not s3fs.S3FileSystem().exists("nosuch")
    assert waits == []


def test_missing_credentials_are_said(s3: Store, monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    forget_clients()
    with pytest.raises(DatasetError, match=r"no credentials were found.*AWS_ACCESS_KEY_ID"):
        Target(f"s3://{BUCKET}/trial").ensure_writable()
    assert waits == []
    forget_clients()


@pytest.mark.parametrize(
    ("url", "extra"), [("s3://b/t", r"nof1sim\[s3\]"), ("gs://b/t", "gcsfs"), ("az://b/t", "adlfs")]
)
def test_a_missing_package_is_named(url: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("s3fs", "gcsfs", "adlfs"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("s3", "gs", "az"):
        monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, name, raising=False)  # type: ignore[attr-defined]
    with pytest.raises(DatasetError, match=rf'{url}: cannot be opened.*pip install "{extra}"'):
        Target(url)


def test_an_unknown_protocol_names_those_that_are_known() -> None:
    with pytest.raises(DatasetError, match=r"nosuch://b: cannot be opened.*s3://BUCKET/FOLDER.*memory://"):
        Target("nosuch://b")


def test_a_full_scratch_disk_is_said_and_leaves_nothing(
    target: Target, s3: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(DatasetError, match=r"scratch disk of this machine is full.*TMPDIR"), target.scratch("x"):
        pass
    assert target.list() == []


class Ftp(fsspec.AbstractFileSystem):
    """A file system with folders, whose writes may end half-way."""

    protocol = "halfway"
    cachable = False
    store: dict[str, bytes] = {}
    breaks = False

    def makedirs(self, path: str, exist_ok: bool = False) -> None: ...

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: object) -> None:
        self.store[path] = value[: len(value) // 2] if self.breaks else value
        if self.breaks:
            raise OSError(errno.EINVAL, "cut off")

    def mv(self, path1: str, path2: str, **_: object) -> None:
        self.store[path2] = self.store.pop(path1)

    def find(self, path: str, **_: object) -> list[str]:
        return [name for name in self.store if name.startswith(f"{path}/")]

    def info(self, path: str, **_: object) -> dict[str, object]:
        if path not in self.store:
            raise FileNotFoundError(path)
        return {"name": path, "type": "file", "size": len(self.store[path])}


def test_elsewhere_a_file_is_put_aside_and_renamed() -> None:
    files = remote.Remote(Ftp(), "root/trial", "halfway")
    Ftp.store, Ftp.breaks = {}, False
    files.put("a", b"whole")
    assert Ftp.store == {"root/trial/a": b"whole"}
    assert not files.put_new("a", b"mine")
    Ftp.breaks = True
    with pytest.raises(OSError, match="cut off"):
        files.put("a", b"other!")
    assert Ftp.store["root/trial/a"] == b"whole"


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (TimeoutError(), True),
        (ConnectionResetError(errno.ECONNRESET, "reset"), True),
        (OSError(errno.EBUSY, "Reduce your request rate"), True),
        (OSError(errno.ENOSPC, "full"), False),
        (PermissionError(errno.EACCES, "no"), False),
        (FileNotFoundError(), False),
        (ValueError("a bug"), False),
    ],
)
def test_what_passes_by_itself(error: Exception, passing: bool) -> None:
    assert letters.is_passing(error) is passing
