"""The optional packages of this renderer, and the letters for what is missing or wrong."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import Fault, ModelNotAvailable, RenderError

INSTALL = "pip install 'nof1sim[diffusion]'"


def optional(package: str) -> Any:
    """The module `package` (torch, diffusers ...), or a ModelNotAvailable that names the extra to install."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        fault = Fault("images.renderer", f"no usable {package} ({error})", f"an installed {package}", f"{INSTALL}.")
        raise ModelNotAvailable(str(fault)) from None


def need_peft(what: str) -> None:
    """Raise unless peft is there: without it diffusers loads the rest, leaves the LoRA out and only logs a warning."""
    if importlib.util.find_spec("peft") is None:
        fault = Fault(what, "no peft", "an installed peft, which applies LoRA weights", f"{INSTALL}.")
        raise ModelNotAvailable(str(fault))


def wrong(where: object, given: object, allowed: str, advice: str = "") -> RenderError:
    """The letter for something that cannot be used: where, what was given, what is allowed, what to do."""
    return RenderError(str(Fault(str(where), given, allowed, advice)))


def missing(where: object, given: object, allowed: str, advice: str = "") -> ModelNotAvailable:
    """The letter for something that is not on this machine."""
    return ModelNotAvailable(str(Fault(str(where), given, allowed, advice)))


CHATTY = ("diffusers.loaders.ip_adapter", "diffusers.loaders.lora_base", "diffusers.models.modeling_utils")


@contextmanager
def without_notes() -> Iterator[None]:
    """Silences what diffusers says that a user cannot act on; what matters is checked here and raised.

    Its schedulers turn tensors to arrays in a way that numpy 2 deprecates; its loaders announce that they load no image
    encoder (it is loaded elsewhere), no LoRA of a text encoder (there is none) and a second LoRA (it is meant).
    """
    loggers = [logging.getLogger(name) for name in CHATTY]
    before = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)


@contextmanager
def without_bars(package: str) -> Iterator[None]:
    """No progress bars of `package` (diffusers or transformers) inside; afterwards as before."""
    log = optional(f"{package}.utils.logging")
    before = log.is_progress_bar_enabled()
    log.disable_progress_bar()
    try:
        yield
    finally:
        if before:
            log.enable_progress_bar()
