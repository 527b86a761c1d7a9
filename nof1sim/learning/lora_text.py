"""Prompts as a UNet takes them, with text encoders that learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..render.diffusion.extras import optional, wrong
from ..render.diffusion.prompt_book import ENCODERS, Embedding, PromptBook

Texts = Mapping[str, Embedding]
"""Prompt -> its embedding, where the encoders do not learn."""


class TextEncoders:
    """The text encoders of a base network. `models`: name of the folder -> encoder."""

    def __init__(self, book: PromptBook) -> None:
        self.base = book.base
        self.tokens, self.models = {}, {}
        for tokenizer, encoder, cls in ENCODERS[book.base]:
            self.tokens[encoder], self.models[encoder] = book.read(tokenizer, encoder, cls)

    def encode(self, prompts: Sequence[str]) -> tuple[Any, Any]:
        """Text (n, 77, cross) and pooled (n, p) or None (SD1.5), with gradients. RenderError: a prompt is too long."""
        torch = optional("torch")
        texts, pooled = [], None
        for name, model in self.models.items():
            out = model(self._ids(name, prompts).to(model.device), output_hidden_states=self.base == "sdxl")
            # SDXL was trained on the layer before the last, and on the second encoder's pooled projection.
            texts.append(out.hidden_states[-2] if self.base == "sdxl" else out[0])
            pooled = out[0] if self.base == "sdxl" else None
        return torch.cat(texts, -1), pooled

    def embeddings(self, prompts: Sequence[str]) -> list[Embedding]:
        """The same for drawing: on the CPU, without gradients."""
        torch = optional("torch")
        with torch.no_grad():
            text, pooled = self.encode(prompts)
        return [Embedding(text[i].cpu(), None if pooled is None else pooled[i].cpu()) for i in range(len(prompts))]

    def _ids(self, name: str, prompts: Sequence[str]) -> Any:
        tokens = self.tokens[name]
        length = min(tokens.model_max_length, self.models[name].config.max_position_embeddings)
        for prompt, full in zip(prompts, tokens(list(prompts)).input_ids, strict=True):
            if len(full) > length:
                raise wrong("prompt", prompt, f"{length - 2} tokens at most", f"It has {len(full) - 2}; shorten it.")
        return tokens(list(prompts), padding="max_length", max_length=length, return_tensors="pt").input_ids


def text_batch(texts: Texts | TextEncoders, prompts: Sequence[str], device: str, dtype: Any) -> tuple[Any, Any]:
    """Text (n, 77, cross) and pooled (n, p) or None of a batch's prompts, on the device."""
    torch = optional("torch")
    if isinstance(texts, TextEncoders):
        return texts.encode(prompts)
    chosen = [texts[prompt] for prompt in prompts]
    text = torch.stack([one.text for one in chosen]).to(device, dtype)
    if chosen[0].pooled is None:
        return text, None
    return text, torch.stack([one.pooled for one in chosen]).to(device, dtype)
