"""IdentityNet: InstantID's ControlNet, which attends to face tokens where others attend to the text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from .extras import optional, wrong


@cache
def identity_net_class() -> Any:
    """The class; made on demand because its base lives in diffusers. `from_pretrained` reads InstantID's own folder."""

    class IdentityNet(optional("diffusers").ControlNetModel):
        """A ControlNetModel that puts `tokens` (b, n, cross) in the place of the text of every call.

        The pipelines of diffusers take it for a ControlNet. Under guidance b counts [uncond, cond].
        """

        tokens: Any = None

        def forward(self, sample: Any, timestep: Any, encoder_hidden_states: Any, *args: Any, **kwargs: Any) -> Any:
            if self.tokens is None:
                raise wrong("IdentityNet", "no face tokens", "tokens set by `wearing`")
            tokens = self.tokens
            if len(tokens) == 2 * len(sample):  # guess mode asks for the conditional half alone
                tokens = tokens[len(sample) :]
            if len(tokens) != len(sample):
                raise wrong("IdentityNet", f"{len(tokens)} faces for {len(sample)} pictures", "one face a picture")
            return super().forward(sample, timestep, tokens.to(sample.dtype), *args, **kwargs)

    return IdentityNet


@contextmanager
def wearing(net: Any, tokens: Any) -> Iterator[None]:
    """`net` attends to these tokens inside; to none afterwards, so that no face is left behind for the next batch."""
    net.tokens = tokens
    try:
        yield
    finally:
        net.tokens = None
