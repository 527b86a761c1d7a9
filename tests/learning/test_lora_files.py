"""The files: diffusers reads them, the byte count is the published one, and nothing altered is taken for whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from nof1sim_test_lora import need_packages, places, short, write_folder, write_models

from nof1sim.errors import InputError
from nof1sim.learning.lora import train_lora
from nof1sim.learning.lora_base import find_base, read_unet
from nof1sim.learning.lora_data import LoraData, read_lora_data
from nof1sim.learning.lora_files import MANIFEST, STATE, WEIGHTS, load_state, open_lora, read_tensors, write_tensors
from nof1sim.learning.lora_network import TEXT_TARGETS, add_lora, lora_parameters, put, taken
from nof1sim.learning.lora_text import TextEncoders
from nof1sim.render.diffusion.files import load_tensors

need_packages()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> LoraData:
    return read_lora_data(write_folder(tmp_path_factory.mktemp("data") / "photos"))


@pytest.fixture(scope="module")
def trained(models: Path, data: LoraData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SDXL with its text encoders, alpha other than the rank. Nobody may change it."""
    o = short(base="sdxl", text_encoder=True, alpha=1.0, rate=0.1)
    return train_lora(data, o, tmp_path_factory.mktemp("trained") / "out", places=places(models))


def test_diffusers_loads_it_as_it_was_trained(models: Path, trained: Path) -> None:
    import diffusers
    import torch

    found = open_lora(trained)
    pipe = diffusers.StableDiffusionXLPipeline.from_pretrained(models / "sdxl-base", local_files_only=True)
    pipe.load_lora_weights(trained)
    ours = load_tensors(trained / WEIGHTS)
    model = find_base("sdxl", places(models))
    x, text = torch.ones(1, 4, 8, 8), torch.ones(1, 77, 64)
    added = {"text_embeds": torch.ones(1, 32), "time_ids": torch.ones(1, 6)}
    unet = add_lora(read_unet(model, torch.float32), found.options.rank, found.options.scale * found.options.rank,
                    found.options.targets)  # fmt: skip
    raw = {key: value / (found.options.scale if "lora_B" in key else 1) for key, value in ours.items()}
    put({"unet": unet}, {key: value for key, value in raw.items() if key.startswith("unet.")})
    with torch.no_grad():
        asked = {"added_cond_kwargs": added, "return_dict": False}
        theirs = pipe.unet(x, 500, text, **asked)[0]
        wanted = unet(x, 500, text, **asked)[0]
        unet.disable_adapters()
        plain = unet(x, 500, text, **asked)[0]
    torch.testing.assert_close(theirs, wanted, atol=2e-6, rtol=1e-5)
    assert float((theirs - plain).abs().max()) > 1e-4


def test_diffusers_text_encoders_see_what_ours_see(models: Path, trained: Path) -> None:
    import diffusers
    import torch

    pipe = diffusers.StableDiffusionXLPipeline.from_pretrained(models / "sdxl-base", local_files_only=True)
    bare = pipe.encode_prompt("photo of acne1", device="cpu", do_classifier_free_guidance=False)
    pipe.load_lora_weights(trained)
    theirs = pipe.encode_prompt("photo of acne1", device="cpu", do_classifier_free_guidance=False)
    texts = TextEncoders(find_base("sdxl", places(models)).book("cpu", torch.float32))
    for encoder in texts.models.values():
        add_lora(encoder, 2, 2, TEXT_TARGETS)
    tensors = load_tensors(trained / WEIGHTS)
    put(texts.models, {key: value for key, value in tensors.items() if not key.startswith("unet.")})
    [ours] = texts.embeddings(["photo of acne1"])
    torch.testing.assert_close(theirs[0][0].detach(), ours.text, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(theirs[2][0].detach(), ours.pooled, atol=1e-5, rtol=1e-4)
    assert float((theirs[0] - bare[0]).detach().abs().max()) > 1e-4


def test_the_layers_of_the_published_recipe_are_those_of_the_published_files() -> None:
    """23,390,424 bytes: rank 4 of all attention layers of SDXL in single precision, in the older names of the halves
    (`lora.down`, `lora.up`), with the header of a safetensors file."""
    import diffusers
    from accelerate import init_empty_weights

    from nof1sim.learning.lora_presets import HETTICH2024 as O
    from nof1sim.render.diffusion.artifacts import SPECS

    with init_empty_weights():
        unet = diffusers.UNet2DConditionModel(
            block_out_channels=(320, 640, 1280), cross_attention_dim=2048, attention_head_dim=(5, 10, 20),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 2, 10), use_linear_projection=True, addition_embed_type="text_time",
            addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816,
        )  # fmt: skip
        add_lora(unet, O.rank, O.rank, O.targets)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, parameter in sorted(lora_parameters(unet).items()):
        older = f"unet.{name}".replace("lora_A", "lora.down").replace("lora_B", "lora.up")
        end, start = end + 4 * parameter.numel(), end
        header[older] = {"dtype": "F32", "shape": list(parameter.shape), "data_offsets": [start, end]}
    length = len(json.dumps(header, separators=(",", ":")))
    assert len(header) == 1 + 1120
    assert 8 + length + -length % 8 + end == SPECS["acne0-lora"].files[0].size_bytes


@pytest.fixture
def spoilt(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "copy"))


def test_altered_and_missing_weights_are_refused(spoilt: Path) -> None:
    data = bytearray((spoilt / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (spoilt / WEIGHTS).write_bytes(data)
    with pytest.raises(InputError, match=r"other bytes.*Copy the whole folder"):
        open_lora(spoilt)
    (spoilt / WEIGHTS).unlink()
    with pytest.raises(InputError, match="no such file"):
        open_lora(spoilt)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema_version": 2}, r"version 2.*version 1"),
        ({"model": "cvae"}, r"model 'cvae'.*lora-sdxl or lora-sd15"),
        ({"kind": "nof1sim grader"}, "nof1sim grader"),
        ({"weights": {}}, "a whole manifest"),
        ({"options": {"rank": 4}}, "options"),
    ],
)
def test_a_manifest_of_something_else_is_refused(spoilt: Path, changes: dict[str, Any], said: str) -> None:
    about = json.loads((spoilt / MANIFEST).read_text())
    (spoilt / MANIFEST).write_text(json.dumps({**about, **changes}))
    with pytest.raises(InputError, match=said):
        open_lora(spoilt)


def test_pickles_and_other_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"\x80\x04.")
    with pytest.raises(InputError, match="can run any code"):
        open_lora(tmp_path / "weights.pt")
    (tmp_path / "weights.pt").unlink()
    with pytest.raises(InputError, match=r"no manifest\.json.*--resume"):
        open_lora(tmp_path)


def test_a_grade_that_was_not_learnt_is_told(trained: Path) -> None:
    found = open_lora(trained)
    assert found.grades == (0, 1)
    assert found.file_of(1) == trained / WEIGHTS
    with pytest.raises(InputError, match=r"grade: got 3; allowed: 0, 1"):
        found.file_of(3)


def test_a_damaged_state_is_told(tmp_path: Path) -> None:
    import torch

    assert load_state(tmp_path, "job")[0] == ""
    write_tensors(tmp_path / STATE, {"x": torch.ones(2)}, {"job": "another"})
    with pytest.raises(InputError, match="this very training"):
        load_state(tmp_path, "job")
    whole = (tmp_path / STATE).read_bytes()
    (tmp_path / STATE).write_bytes(whole[:-3])
    with pytest.raises(InputError, match=r"--resume.*damaged.*--overwrite"):
        read_tensors(tmp_path / STATE)
    write_tensors(tmp_path / STATE, {"x": torch.ones(2)})
    with pytest.raises(InputError, match="damaged"):
        read_tensors(tmp_path / STATE)


def test_weights_of_another_rank_are_refused(models: Path) -> None:
    import torch

    unet = read_unet(find_base("sd15", places(models)), torch.float32)
    add_lora(unet, 2, 2, ("to_q",))
    weights = taken({"unet": unet})
    name = next(iter(weights))
    with pytest.raises(InputError, match="another network"):
        put({"unet": unet}, {**weights, name: torch.ones(3, 3)})
    with pytest.raises(InputError, match="another network"):
        put({"unet": unet}, {key: value for key, value in weights.items() if key != name})
