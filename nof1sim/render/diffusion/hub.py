"""What we ask of the hub's client, and its errors as letters to the user. The only file that imports it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ...errors import Fault, ModelNotAvailable
from .specs import ModelSpec

EXTRA = 'pip install "nof1sim[diffusion]"'
AGAIN = "The same command goes on: files that are whole are not fetched again."


@dataclass(frozen=True, slots=True)
class Listing:
    """What the hub says of a model at a commit. sizes : file -> bytes, of all files that would be pulled.
    hashes : file -> SHA-256, of its large files."""

    commit: str
    sizes: Mapping[str, int]
    hashes: Mapping[str, str]


def client() -> ModuleType:
    """The hub's client. A ModelNotAvailable says which extra brings it."""
    try:
        import huggingface_hub
    except ImportError:
        fault = Fault("models pull", "no package huggingface_hub", "the extra `diffusion`", f"Install it: {EXTRA}.")
        raise ModelNotAvailable(str(fault)) from None
    return huggingface_hub


def is_offline() -> bool:
    """Whether the user has switched the network off (HF_HUB_OFFLINE)."""
    client()
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def list_files(spec: ModelSpec, revision: str | None) -> Listing:
    """Ask the hub which files a model has, how big, which hashes. Raises ModelNotAvailable."""
    hub = client()
    from huggingface_hub.utils import filter_repo_objects

    with letters(spec, revision):
        info = hub.HfApi().model_info(spec.repo, revision=revision, files_metadata=True)
    if info.sha is None:
        raise ModelNotAvailable(str(Fault(spec.repo, "no commit", "an answer with one", "Try later.")))
    siblings = {one.rfilename: one for one in info.siblings or ()}
    wanted = list(filter_repo_objects(siblings, allow_patterns=list(spec.allowed)))
    missing = [file.path for file in spec.files if not file.optional and file.path not in siblings]
    if missing:
        fault = Fault(f"{spec.repo} at {info.sha[:12]}", f"no {', '.join(missing)}", "the files of our table")
        raise ModelNotAvailable(
            f"{fault} The repository has changed; pull the pinned revision, or tell the developers."
        )
    return Listing(
        info.sha,
        {path: siblings[path].size or 0 for path in wanted},
        {path: siblings[path].lfs.sha256 for path in wanted if siblings[path].lfs is not None},
    )


def fetch(spec: ModelSpec, commit: str, cache: Path) -> Path:
    """Fetch what is not there yet of a model into the cache; the snapshot's folder. Raises ModelNotAvailable."""
    hub = client()
    with letters(spec, commit):
        return Path(
            hub.snapshot_download(spec.repo, revision=commit, allow_patterns=list(spec.allowed), cache_dir=cache)
        )


@contextmanager
def letters(spec: ModelSpec, revision: str | None) -> Iterator[None]:
    """The client's errors as ours."""
    from huggingface_hub import errors

    where = f"models: {spec.artifact} ({spec.repo}{f' at {revision[:12]}' if revision else ''})"
    try:
        yield
    except errors.GatedRepoError:
        advice = "Accept its terms on the hub's page of the model, then log in with `hf auth login`."
        raise _letter(where, "the repository is gated", "an account that was let in", advice) from None
    except errors.RevisionNotFoundError:
        advice = "Give --latest to pull what the repository has now; the lock file records the commit."
        raise _letter(where, "no such revision", "a commit of the repository", advice) from None
    except errors.RepositoryNotFoundError:
        advice = "It was moved or taken down. Get the files elsewhere and give their folder: --models DIR."
        raise _letter(where, "no such repository", "a public repository", advice) from None
    except errors.OfflineModeIsEnabled:
        raise offline(where) from None
    except OSError as error:  # disk full, no rights, and every error of the network
        raise _letter(where, f"{type(error).__name__}: {error}", "a download that ends", AGAIN) from error
    except Exception as error:
        if not type(error).__module__.startswith(("httpx", "httpcore", "huggingface_hub", "hf_xet")):
            raise
        raise _letter(where, f"{type(error).__name__}: {error}", "a network that holds", AGAIN) from error


def offline(where: str) -> ModelNotAvailable:
    """The letter for a pull with the network switched off."""
    advice = "Unset HF_HUB_OFFLINE, or copy the files from another machine and give their folder: --models DIR."
    return _letter(where, "not in the cache, and HF_HUB_OFFLINE is set", "a network, or files that are here", advice)


def _letter(where: str, given: str, allowed: str, advice: str) -> ModelNotAvailable:
    return ModelNotAvailable(f"{where}: {' '.join(given.split())[:300]}; wanted: {allowed}. {advice}")
