"""The table of published models: where they lie, how big they are, what their bytes hash to, under which terms.

Sources. Sizes and SHA-256 are those that public pages and public code state for these files (pointers of large files,
pinned downloads of other projects); the InstantID, SDXL, VAE and insightface ones agree across several independent
places, the others come from one or two. Revisions were seen pinned in public code; None: none was seen. Nothing here
was read at the hub itself: `nof1sim models pull` compares with what the hub says, and the lock file records it.
The acne LoRAs' hashes are the large-file pointers of their authors' code repository (ManuelHettich/
synthetic_acne_images, commit 0b0972d), which may hold other bytes than the hub.
"""

from __future__ import annotations

from .artifacts_base import BASES, MB, exact
from .artifacts_identity import IDENTITY
from .specs import Bundle, ModelFile, ModelSpec


def _lightning(steps: int) -> ModelSpec:
    return ModelSpec(
        f"lightning{steps}",
        f"SDXL-Lightning, {steps} steps",
        "ByteDance/SDXL-Lightning",
        "c9a24f48e1c025556787b0c58dd67a091ece2e44",
        "openrail++",
        (ModelFile(f"sdxl_lightning_{steps}step_lora.safetensors", 394 * MB),),
    )


def _acne_lora(grade: int, sha256: str) -> ModelSpec:
    return ModelSpec(
        f"acne{grade}-lora",
        f"SDXL LoRA of the face with acne of grade {grade}",
        f"ManuelHettich/acne{grade}_LoRA_filtered_all",
        None,
        "acne04",
        (exact("pytorch_lora_weights.safetensors", 23_390_424, sha256),),
    )


FEW_STEPS = (
    *map(_lightning, (4, 8)),
    ModelSpec(
        "hyper8",
        "Hyper-SD for SDXL, 8 steps",
        "ByteDance/Hyper-SD",
        None,
        "hyper-sd",
        (ModelFile("Hyper-SDXL-8steps-lora.safetensors", 790 * MB),),
    ),
    ModelSpec(
        "lcm",
        "latent consistency for SDXL, 4 to 8 steps",
        "latent-consistency/lcm-lora-sdxl",
        "a18548dd4956b174ec5b0d78d340c8dae0a129cd",
        "openrail++",
        (ModelFile("pytorch_lora_weights.safetensors", 394 * MB),),
    ),
)

ACNE_HASHES = (
    "d31bbc2ca802c2c34e9ffb76f4cd5ca44e8b29d0c22939a401357793e62de766",
    "9dc4ce9be4ad33e6141b98be35105ab8d4216be6ff8cb962b682145cf17ab768",
    "feab4c1b2ced466f3fbebc9eaf678478d8fe8c70dee0c3ef085e6a72c764b0b7",
    "7c9cbe2d5f8daac0a69144352c768c9b37da942a6db61b970b7ccf5ceaf76a35",
)
ACNE = tuple(_acne_lora(grade, sha256) for grade, sha256 in enumerate(ACNE_HASHES))

SPECS: dict[str, ModelSpec] = {spec.artifact: spec for spec in (*BASES, *IDENTITY, *FEW_STEPS, *ACNE)}
"""Our name -> model."""

_SDXL = ("sdxl-base", "sdxl-vae-fp16-fix")
_BUNDLES = (
    Bundle(
        "instantid", "portraits and lesions with InstantID", (*_SDXL, "identitynet", "instantid-adapter", "antelopev2")
    ),
    Bundle(
        "ip-adapter",
        "portraits and lesions with IP-Adapter Plus Face",
        (*_SDXL, "ip-adapter-plus-face", "clip-vit-h", "buffalo_l"),  # the pack finds the face and its key points
    ),
    Bundle(
        "ip-adapter-faceid",
        "portraits and lesions with FaceID-PlusV2",
        (*_SDXL, "faceid-plusv2-sdxl", "clip-vit-h", "buffalo_l"),
    ),
    Bundle(
        "ip-adapter-faceid-sd15",
        "the same on the smaller SD1.5",
        ("sd15-base", "faceid-plusv2-sd15", "clip-vit-h", "buffalo_l"),
    ),
    Bundle("inpaint", "lesions by plain masked inpainting, no face model", ("sdxl-inpaint", "sdxl-vae-fp16-fix")),
    Bundle("inpaint-flux2", "the same with FLUX.2 klein", ("flux2-klein",)),
    Bundle("lightning", "few steps (presets lightning4, lightning8)", ("lightning4", "lightning8")),
    Bundle("hyper", "few steps (preset hyper8)", ("hyper8",)),
    Bundle("lcm", "few steps (presets lcm4, lcm8)", ("lcm",)),
    Bundle("acne-lora", "faces by acne grade, for img2img-daily", tuple(spec.artifact for spec in ACNE)),
)
BUNDLES: dict[str, Bundle] = {bundle.name: bundle for bundle in _BUNDLES}
"""Name -> models that work together."""
