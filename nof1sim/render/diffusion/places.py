"""Where weights may lie: a models directory of the user's, and the hub's cache that other tools share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import Fault, ModelNotAvailable

MODELS_VARIABLE = "NOF1SIM_MODELS"
LOCK_NAME = "nof1sim-models.lock.json"


@dataclass(frozen=True, slots=True)
class Places:
    """models : `--models DIR` or the environment's NOF1SIM_MODELS, or None.  cache : the hub's cache."""

    models: Path | None
    cache: Path

    @classmethod
    def of(
        cls,
        models: str | os.PathLike[str] | None = None,
        cache: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Places:
        """The places that the options name, else the environment. A models directory that is not there is an error."""
        given = models or environ.get(MODELS_VARIABLE) or None
        folder = None if given is None else Path(given).expanduser()
        if folder is not None and not folder.is_dir():
            where = "--models" if models else MODELS_VARIABLE
            raise ModelNotAvailable(str(Fault(where, str(given), "a folder that exists", "Make it, or give another.")))
        return cls(folder, Path(cache).expanduser() if cache else hub_cache(environ))

    @property
    def locks(self) -> tuple[Path, ...]:
        """Lock files, the stronger last."""
        folders = (self.cache,) if self.models is None else (self.cache, self.models)
        return tuple(folder / LOCK_NAME for folder in folders)


def hub_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """The hub's cache by its own rules: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if environ.get(name):
            return Path(environ[name]).expanduser()
    if environ.get("HF_HOME"):
        return Path(environ["HF_HOME"]).expanduser() / "hub"
    home = Path(environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return home / "huggingface" / "hub"


def repo_folder(cache: Path, repo: str) -> Path:
    """A repository's folder in the hub's cache."""
    return cache / f"models--{repo.replace('/', '--')}"
