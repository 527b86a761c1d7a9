"""Who a process is, so that a lock can tell whether its holder lives."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

WHO = ("pid", "boot", "namespace", "started")


def identity(pid: int | None = None) -> dict[str, Any]:
    """A process (default: this one): a process number is used again; with the boot and the start time it is not.

    On Linux also the namespace that the number belongs to: two containers of one machine both have a process 1.
    """
    pid = os.getpid() if pid is None else pid
    found: dict[str, Any] = {"pid": pid}
    with suppress(OSError, IndexError):
        found["boot"] = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        found["namespace"] = os.readlink("/proc/self/ns/pid")
        found["started"] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return found


def lives(who: dict[str, Any]) -> bool:
    """Whether a process is alive and is the same one, as far as this machine can tell."""
    pid, same = who.get("pid"), {name: who[name] for name in WHO if name in who}
    return isinstance(pid, int) and same == identity(pid)


def is_gone(who: dict[str, Any]) -> bool:
    """Whether this machine knows that a process has ended: it ran here, and does not any more."""
    return _was_here(who) and not lives(who)


def is_here(who: dict[str, Any]) -> bool:
    """Whether this machine knows that a process lives: it runs here."""
    return _was_here(who) and lives(who)


def _was_here(who: dict[str, Any]) -> bool:
    here = identity()
    return all(name in who and who[name] == here.get(name) for name in ("boot", "namespace"))
