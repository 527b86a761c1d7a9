"""The layout table against UNets of real size (without memory) and the sizes of the published files."""

from __future__ import annotations

from typing import Any

import pytest

from nof1sim.errors import RenderError
from nof1sim.render.diffusion.checkpoints import attention_sites, check_adapter
from nof1sim.render.diffusion.layouts import FAMILIES, PUBLISHED_BYTES, Site, adapter_layout, data_bytes

torch = pytest.importorskip("torch", reason="torch is not installed")
diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed")

SDXL = {
    "block_out_channels": (320, 640, 1280), "cross_attention_dim": 2048, "attention_head_dim": (5, 10, 20),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10), "use_linear_projection": True,
    "addition_embed_type": "text_time", "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 2816,
}  # fmt: skip
DATA_BYTES = {
    ("instantid", "SDXL"): 1_691_063_296,
    ("faceid", "SDXL"): 1_071_015_936,
    ("faceid-plusv2", "SDXL"): 1_487_415_296,
    ("faceid-plus", "SD1.5"): 156_521_472,
    ("faceid", "SD1.5"): 96_709_632,
    ("portrait", "SD1.5"): 64_582_656,
}


@pytest.fixture(scope="module")
def unets() -> dict[str, Any]:
    """UNets of real size whose weights hold no memory."""
    from accelerate import init_empty_weights

    with init_empty_weights():
        return {
            "SDXL": diffusers.UNet2DConditionModel(**SDXL),
            "SD1.5": diffusers.UNet2DConditionModel(cross_attention_dim=768),
        }


@pytest.fixture(scope="module")
def sites(unets: dict[str, Any]) -> dict[str, tuple[Site, ...]]:
    """The attention sites of either base."""
    return {base: attention_sites(unet) for base, unet in unets.items()}


def layout(family: str, sites: tuple[Site, ...], dim: int = 1280) -> dict[str, tuple[int, ...]]:
    """The layout with the sizes of the published file."""
    kind = FAMILIES[family]
    return adapter_layout(kind, sites, kind.inputs[0], kind.tokens[0], dim)


@pytest.mark.parametrize(("family", "base"), DATA_BYTES)
def test_the_tables_predict_the_size_of_the_published_files(family: str, base: str, sites: dict[str, Any]) -> None:
    table = layout(family, sites[base])
    size = data_bytes(table, 4 if family == "instantid" else 2)
    assert size == DATA_BYTES[family, base]
    if (family, base) in PUBLISHED_BYTES:
        over = PUBLISHED_BYTES[family, base] - size
        assert 0 < over < 600 * len(table)  # what a pickle writes about each tensor
    assert check_adapter(table, sites[base], f"{family}.bin" if family != "faceid-plusv2" else "x-plusv2.bin").name == (
        family
    )


def test_numbers_and_widths_of_sdxl_attentions(sites: dict[str, tuple[Site, ...]]) -> None:
    """n -> place and width as InstantID's file has them: the middle block last."""
    table = [
        (range(1, 8, 2), "down_blocks.1.", 640),
        (range(9, 48, 2), "down_blocks.2.", 1280),
        (range(49, 108, 2), "up_blocks.0.", 1280),
        (range(109, 120, 2), "up_blocks.1.", 640),
        (range(121, 140, 2), "mid_block.", 1280),
    ]
    by_n = {site.n: site for site in sites["SDXL"]}
    assert len(by_n) == 140
    for numbers, place, hidden in table:
        for n in numbers:
            assert by_n[n].name.startswith(place)
            assert (by_n[n].hidden, by_n[n].cross) == (hidden, 2048)
    assert all(site.cross is None for site in sites["SDXL"] if site.n % 2 == 0)


def test_instantid_holds_51_and_140_tensors(sites: dict[str, tuple[Site, ...]]) -> None:
    table = layout("instantid", sites["SDXL"])
    assert sum(key.startswith("image_proj.") for key in table) == 51
    assert sum(key.startswith("ip_adapter.") for key in table) == 140


def test_an_adapter_for_the_other_base_is_refused_by_name(sites: dict[str, tuple[Site, ...]]) -> None:
    with pytest.raises(RenderError, match=r"SD1\.5 \(tokens of 768\).*SDXL \(tokens of 2048\)"):
        check_adapter(layout("faceid", sites["SD1.5"]), sites["SDXL"], "faceid.bin")


def test_identitynet_of_real_size_has_the_published_bytes(unets: dict[str, Any]) -> None:
    from accelerate import init_empty_weights

    with init_empty_weights():
        net = diffusers.ControlNetModel.from_unet(unets["SDXL"], load_weights_from_unet=False)
    tensors = net.state_dict()
    assert len(tensors) == 844
    assert data_bytes({key: tuple(value.shape) for key, value in tensors.items()}, 2) == 2_502_028_320
