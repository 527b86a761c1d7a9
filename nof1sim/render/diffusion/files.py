"""Reading weight files: only tensors, never code; each fault names the file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .extras import missing, optional, wrong
from .layouts import Shape

ADVICE = "Delete it and fetch it again: nof1sim models pull."
Tensors = dict[str, Any]  # key -> torch.Tensor


def safetensors_shapes(path: Path) -> dict[str, Shape]:
    """Key -> shape from a safetensors file's header, after a look at the file's length. Reads no tensor; no torch."""
    header, size = _header(path)
    ends = [entry["data_offsets"][1] for entry in header.values()]
    due = size + max(ends, default=0)
    if due != path.stat().st_size:
        raise wrong(path, f"{path.stat().st_size} bytes", f"the {due} bytes that its header announces", ADVICE)
    return {key: tuple(entry["shape"]) for key, entry in header.items()}


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """A safetensors header (8 bytes of length, then JSON), and where the data begin."""
    if not path.is_file():
        raise missing(path, "no such file", "a weight file", "nof1sim models pull fetches it.")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        whole = path.stat().st_size
        if length + 8 > whole:
            raise wrong(path, f"{whole} bytes", "a complete .safetensors file (its header alone is longer)", ADVICE)
        try:
            header = json.loads(file.read(length))
        except ValueError:
            raise wrong(path, "no safetensors header", "a .safetensors file", ADVICE) from None
    header.pop("__metadata__", None)
    return header, length + 8


def load_tensors(path: str | os.PathLike[str]) -> Tensors:
    """All tensors of a .safetensors, .bin, .pt or .pth file, nested dicts joined by dots; on the CPU.

    Pickles are opened with `weights_only=True`: one that would run code is refused.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        safetensors_shapes(path)
        return optional("safetensors.torch").load_file(path)
    if not path.is_file():
        raise missing(path, "no such file", "a weight file", "nof1sim models pull fetches it.")
    return _flat(_unpickled(path), path)


def _unpickled(path: Path) -> Any:
    torch = optional("torch")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises RuntimeError, EOFError, UnpicklingError ... by what is broken
        first = str(error).strip().split("\n")[0]
        if "Unsupported global" in str(error) or "weights_only" in str(error).lower():
            advice = "It may run code when opened; do not open it otherwise. Take the publisher's .safetensors."
            raise wrong(path, "a pickle that holds more than tensors", "tensors only", advice) from None
        raise wrong(path, f"a file that torch cannot read ({first})", "a complete checkpoint", ADVICE) from None


def _flat(nested: Any, path: Path, prefix: str = "") -> Tensors:
    torch = optional("torch")
    if not isinstance(nested, Mapping):
        raise wrong(path, f"a {type(nested).__name__}", "a dictionary of tensors")
    flat: Tensors = {}
    for key, value in nested.items():
        if isinstance(value, torch.Tensor):
            flat[f"{prefix}{key}"] = value
        else:
            flat |= _flat(value, path, f"{prefix}{key}.")
    return flat


def save_tensors(tensors: Mapping[str, Any], path: Path) -> Path:
    """Write a .safetensors file, first under another name: a file with the right name is complete."""
    part = path.with_name(path.name + ".part")
    optional("safetensors.torch").save_file({key: value.contiguous() for key, value in tensors.items()}, part)
    return part.replace(path)
