"""What a published model is: its repository, its files, its licence. Types only; the table is `artifacts`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

LARGE_BYTES = 1_000_000
"""Files from this size on are hashed; the smaller ones are configurations that are read as text."""


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms of a model.

    title : what the licence is called.  forbids : what a user must know before a download, one sentence.
    needs_acceptance : whether `--accept-license` is required.
    confirmed : whether the terms were read at their source; False: second-hand, to be confirmed.
    """

    title: str
    forbids: str
    needs_acceptance: bool
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a repository.

    path : inside the repository, with forward slashes.
    about_bytes : its size, for sums; to two digits unless `size_bytes` is known.
    size_bytes : the exact size as published, or None.  sha256 : 64 hex digits, or None where nobody has said it yet.
    optional : loading works without it.
    """

    path: str
    about_bytes: int
    size_bytes: int | None = None
    sha256: str | None = None
    optional: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def is_large(self) -> bool:
        """Whether its bytes are worth a checksum."""
        return self.about_bytes >= LARGE_BYTES

    @property
    def spellings(self) -> tuple[str, ...]:
        """The path, and the same without its variant: a folder that somebody saved has no `.fp16` in its names."""
        plain = self.path.replace(".fp16.", ".")
        return (self.path,) if plain == self.path else (self.path, plain)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A published model, one folder of weights.

    artifact : our name, the folder's name in a models directory.  purpose : what it does here.
    repo : on the hub.  revision : the commit that is pulled, or None: not pinned yet; the lock file records what came.
    files : what must be there.  licence : key of `artifacts.LICENCES`.
    subfolder : where in the repository the model lies.
    patterns : where the repository holds more files than are listed (large sharded models): what to pull.
    about_bytes : size of the whole where `patterns` is used; else the files' sum.
    """

    artifact: str
    purpose: str
    repo: str
    revision: str | None
    licence: str
    files: tuple[ModelFile, ...]
    subfolder: str = ""
    patterns: tuple[str, ...] = ()
    whole_bytes: int = 0

    @property
    def about_bytes(self) -> int:
        """Size of all that is pulled."""
        return self.whole_bytes or sum(file.about_bytes for file in self.files)

    @property
    def allowed(self) -> tuple[str, ...]:
        """What the hub is asked for."""
        return self.patterns or tuple(file.path for file in self.files)

    @property
    def own_name(self) -> str | None:
        """The file's name, for a model that is one file with a name of its own: it may lie anywhere by that name."""
        name = self.files[0].name
        return name if len(self.files) == 1 and not self.patterns and name not in COMMON_NAMES else None


COMMON_NAMES = frozenset({"pytorch_lora_weights.safetensors", "diffusion_pytorch_model.safetensors", "config.json"})
"""Names that say nothing about which model a file is."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Models that work together under one name. artifacts : our names, in the order in which they are pulled."""

    name: str
    purpose: str
    artifacts: tuple[str, ...]
