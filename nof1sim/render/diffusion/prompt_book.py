"""Prompts -> embeddings, once each; the text encoders are loaded for that and let go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from .extras import optional, without_bars, wrong

Base = Literal["sdxl", "sd15"]
ENCODERS: Mapping[str, tuple[tuple[str, str, str], ...]] = MappingProxyType(
    {
        "sdxl": (
            ("tokenizer", "text_encoder", "CLIPTextModel"),
            ("tokenizer_2", "text_encoder_2", "CLIPTextModelWithProjection"),
        ),
        "sd15": (("tokenizer", "text_encoder", "CLIPTextModel"),),
    }
)
"""Base -> its text encoders: folder of the tokenizer, folder and class of the encoder."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A prompt as the UNet takes it: text (n, cross), pooled (p,) or None (SD1.5); torch tensors on the CPU."""

    text: Any
    pooled: Any


@dataclass(frozen=True, slots=True)
class PromptBook:
    """Remembers every prompt it has encoded. Ask for all prompts of a run at once: the encoders are read once then.

    folder : of the base model.  variant : "fp16" or None.  blank_is_zero : an empty prompt is all zeros (SDXL's base).
    """

    folder: Path
    base: Base
    dtype: Any
    device: str
    variant: str | None = None
    blank_is_zero: bool = False
    known: dict[str, Embedding] = field(default_factory=dict)

    def encode(self, prompts: Iterable[str]) -> list[Embedding]:
        """The embeddings of these prompts, in order."""
        prompts = list(prompts)
        new = sorted(set(prompts) - set(self.known))
        if new:
            self.known.update(zip(new, self._encode(new), strict=True))
            if "" in new and self.blank_is_zero:
                self.known[""] = _zeros(self.known[""])
        return [self.known[prompt] for prompt in prompts]

    def _encode(self, prompts: list[str]) -> list[Embedding]:
        torch = optional("torch")
        texts, pooled = [], None
        for tokenizer, encoder, cls in ENCODERS[self.base]:
            tokens, model = self.read(tokenizer, encoder, cls)
            length = min(tokens.model_max_length, model.config.max_position_embeddings)
            for prompt, full in zip(prompts, tokens(prompts).input_ids, strict=True):
                if len(full) > length:
                    raise wrong(
                        "prompt", prompt, f"{length - 2} tokens at most", f"It has {len(full) - 2}; shorten it."
                    )
            ids = tokens(prompts, padding="max_length", max_length=length, return_tensors="pt")
            with torch.no_grad():
                out = model(ids.input_ids.to(self.device), output_hidden_states=self.base == "sdxl")
            # SDXL was trained on the layer before the last, and on the second encoder's pooled projection.
            texts.append((out.hidden_states[-2] if self.base == "sdxl" else out[0]).cpu())
            pooled = out[0].cpu() if self.base == "sdxl" else None
            del model
        text = torch.cat(texts, -1)
        return [Embedding(text[i], None if pooled is None else pooled[i]) for i in range(len(prompts))]

    def read(self, tokenizer: str, encoder: str, cls: str) -> tuple[Any, Any]:
        """A tokenizer and its encoder, frozen or not as they were published; on the device."""
        transformers = optional("transformers")
        tokens = transformers.CLIPTokenizer.from_pretrained(self.folder / tokenizer, local_files_only=True)
        with without_bars("transformers"):
            model = getattr(transformers, cls).from_pretrained(
                self.folder / encoder, local_files_only=True, dtype=self.dtype, variant=self.variant
            )
        return tokens, model.eval().to(self.device)


def _zeros(embedding: Embedding) -> Embedding:
    torch = optional("torch")
    pooled = None if embedding.pooled is None else torch.zeros_like(embedding.pooled)
    return Embedding(torch.zeros_like(embedding.text), pooled)
