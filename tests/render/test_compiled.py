"""Kernels on disk are never older than the sources."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from nof1sim.compiled import is_cached, njit_named
from nof1sim.render import masks
from nof1sim.render.compiled import DIGEST, digest_of
from nof1sim.render.procedural import expose, pose
from nof1sim.render.skin import paint


def test_kernels_are_named_by_all_sources() -> None:
    for kernel in (masks._grow, expose._expose, pose._draw, paint.paint):
        assert kernel.py_func.__qualname__.endswith(DIGEST)


def test_any_edit_changes_the_name(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.py", "deep/b.py"):
        (tmp_path / name).write_text("x = 1\n")
    before = digest_of(tmp_path)
    (tmp_path / "deep" / "b.py").write_text("x = 2\n")
    assert digest_of(tmp_path) != before


def test_a_kernel_knows_whether_it_was_compiled_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "twice.py"
    source.write_text("def twice(x):\n    return x + x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    kernel = njit_named("0123456789ab")()(import_module("twice").twice)
    assert not is_cached(kernel)
    assert kernel(2) == 4
    assert is_cached(kernel)
    assert is_cached(len)  # what is not compiled need not be
