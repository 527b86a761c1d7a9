"""Kernels on disk are never older than the sources."""

from __future__ import annotations

from pathlib import Path

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
