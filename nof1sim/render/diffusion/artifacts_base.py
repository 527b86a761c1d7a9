"""Published base networks and inpainting pipelines. The sources of all sizes and hashes stand in `artifacts`."""

from __future__ import annotations

from .specs import ModelFile, ModelSpec

MB = 1_000_000


def small(path: str, about_bytes: int = 1_000, *, optional: bool = False) -> ModelFile:
    """A configuration."""
    return ModelFile(path, about_bytes, optional=optional)


def exact(path: str, size_bytes: int, sha256: str | None = None) -> ModelFile:
    """A file whose published size is known to the byte."""
    return ModelFile(path, size_bytes, size_bytes, sha256)


def _tokenizer(folder: str) -> tuple[ModelFile, ...]:
    return (
        small(f"{folder}/merges.txt", 524_619),
        small(f"{folder}/vocab.json", 1_059_962),
        small(f"{folder}/tokenizer_config.json"),
        small(f"{folder}/special_tokens_map.json", optional=True),
    )


SDXL_FILES = (
    small("model_index.json"),
    small("scheduler/scheduler_config.json"),
    small("text_encoder/config.json"),
    ModelFile(
        "text_encoder/model.fp16.safetensors",
        246 * MB,
        sha256="660c6f5b1abae9dc498ac2d21e1347d2abdb0cf6c0c0c8576cd796491d9a6cdd",
    ),
    small("text_encoder_2/config.json"),
    ModelFile(
        "text_encoder_2/model.fp16.safetensors",
        1_390 * MB,
        sha256="ec310df2af79c318e24d20511b601a591ca8cd4f1fce1d8dff822a356bcdb1f4",
    ),
    *_tokenizer("tokenizer"),
    *_tokenizer("tokenizer_2"),
    small("unet/config.json"),
    exact(
        "unet/diffusion_pytorch_model.fp16.safetensors",
        5_135_149_760,
        "83e012a805b84c7ca28e5646747c90a243c65c8ba4f070e2d7ddc9d74661e139",
    ),
    small("vae/config.json"),
    exact(
        "vae/diffusion_pytorch_model.fp16.safetensors",
        167_335_342,
        "bcb60880a46b63dea58e9bc591abe15f8350bde47b405f9c38f4be70c6161e68",
    ),
)
"""The diffusers layout of SDXL in half precision."""

SDXL_INPAINT_FILES = tuple(
    ModelFile(file.path, file.about_bytes) if file.is_large else file for file in SDXL_FILES
)  # the same layout with weights of its own, whose hashes were not seen

SD15_FILES = (
    small("model_index.json"),
    small("scheduler/scheduler_config.json"),
    small("text_encoder/config.json"),
    ModelFile("text_encoder/model.fp16.safetensors", 246 * MB),
    *_tokenizer("tokenizer"),
    small("unet/config.json"),
    ModelFile("unet/diffusion_pytorch_model.fp16.safetensors", 1_720 * MB),
    small("vae/config.json"),
    ModelFile("vae/diffusion_pytorch_model.fp16.safetensors", 167 * MB),
)
"""The diffusers layout of SD1.5 in half precision."""

DIFFUSERS_PATTERNS = ("*.json", "*/*.json", "*/*.txt", "*/*.jinja", "*/*.safetensors")
"""A whole pipeline in the diffusers layout, where the names of its parts are not known here."""

BASES = (
    ModelSpec(
        "sdxl-base",
        "the base network, its text encoders and its VAE",
        "stabilityai/stable-diffusion-xl-base-1.0",
        "462165984030d82259a11f4367a4eed129e94a7b",
        "openrail++",
        SDXL_FILES,
    ),
    ModelSpec(
        "sdxl-vae-fp16-fix",
        "a VAE that stays finite in half precision",
        "madebyollin/sdxl-vae-fp16-fix",
        "207b116dae70ace3637169f1ddd2434b91b3a8cd",
        "mit",
        (
            small("config.json"),
            exact(
                "diffusion_pytorch_model.safetensors",
                334_643_238,
                "1b909373b28f2137098b0fd9dbc6f97f8410854f31f84ddc9fa04b077b0ace2c",
            ),
        ),
    ),
    ModelSpec(
        "sd15-base",
        "the smaller base network",
        "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
        "openrail",
        SD15_FILES,
    ),
    ModelSpec(
        "sdxl-inpaint",
        "SDXL trained for inpainting",
        "diffusers/stable-diffusion-xl-1.0-inpainting-0.1",
        "115134f363124c53c7d878647567d04daf26e41e",
        "openrail++",
        SDXL_INPAINT_FILES,
    ),
    ModelSpec(
        "flux2-klein",
        "FLUX.2 klein 4B, which edits inside masks",
        "black-forest-labs/FLUX.2-klein-4B",
        None,
        "apache-2.0",
        (small("model_index.json"),),
        patterns=DIFFUSERS_PATTERNS,
        whole_bytes=16_000 * MB,  # a guess: nobody here has seen the repository
    ),
)
