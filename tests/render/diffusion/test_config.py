"""Options of the diffusion renderers: what a protocol may say, in which words patients and lesions are asked for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from nof1sim.errors import ProtocolError
from nof1sim.model import STAGES, Patient
from nof1sim.render.diffusion.artifacts import BUNDLES, SPECS
from nof1sim.render.diffusion.config import PRESET_ARTIFACT, BundleName, DiffusionOptions, needed_models, parse_options
from nof1sim.render.diffusion.prompts import LESION_PHRASES, Prompts, skin_word


def patient(age: float = 24.4, sex: str = "F", ita: float = 45.0) -> Patient:
    return Patient("P001", "1", 0, age, sex, ita, 2)


def test_the_defaults_are_those_of_the_published_work() -> None:
    options = parse_options(None)
    assert (options.portrait.adapter, options.portrait.control, options.edit.adapter) == (0.8, 0.8, 0.8)
    assert (options.gate.min_cosine, options.passes, options.mode) == (0.85, 20, "paint-once")
    assert parse_options(options.model_dump(mode="json")) == options
    json.dumps(options.model_dump(mode="json"))


def test_no_option_is_a_path() -> None:
    """The digest of a protocol must not depend on a machine."""

    def names(schema: object) -> list[str]:
        if isinstance(schema, dict):
            inner = [name for value in schema.values() for name in names(value)]
            return [*schema.get("properties", {}), *inner]
        return [name for value in schema for name in names(value)] if isinstance(schema, list) else []

    found = names(DiffusionOptions.model_json_schema())
    assert "photographs" in found
    assert not [name for name in found if any(word in name for word in ("path", "dir", "folder", "file", "device"))]


@pytest.mark.parametrize(
    ("document", "letter"),
    [
        ({"mode": "paint"}, "images.renderer_options.mode: got 'paint'; allowed: 'paint-once' or 'edit-daily'"),
        ({"gate": {"min_cosin": 0.5}}, "Did you mean 'min_cosine'"),
        ({"gate": {"min_cosine": 2}}, "less than or equal to 1"),
        ({"portrait_px": 1000}, "a multiple of 64"),
        ({"passes": 0}, "images.renderer_options.passes"),
        ({"prompts": {"portrait": "a {name}"}}, "names in braces are age, person, skin"),
        ({"prompts": {"lesion": "a {lesion"}}, "images.renderer_options.prompts.lesion"),
        ({"prompts": {"lesion": "a {lesion!r}{lesion.x}"}}, "images.renderer_options.prompts.lesion"),
        ({"prompts": {"phrases": {"boil": "a boil"}}}, "phrases of the stages microcomedone"),
        ({"base": "sd15", "preset": "lightning4"}, "few-step models are for SDXL"),
        ({"base": "sd15", "bundle": "instantid"}, "a bundle for base 'sd15'"),
        ({"portrait_source": "photograph"}, "photographs with portrait_source 'photograph'"),
        ({"photographs": {"P001": {"sha256": "0" * 64, "consent": "form 12, 2026-01-01"}}}, "and only with it"),
    ],
)
def test_a_fault_says_where_and_what_is_allowed(document: dict, letter: str) -> None:
    with pytest.raises(ProtocolError, match="fault") as caught:
        parse_options(document)
    assert letter in str(caught.value)


def test_a_photograph_needs_recorded_consent() -> None:
    one = {"sha256": "0" * 64}
    with pytest.raises(ProtocolError, match=r"photographs\.P001\.consent"):
        parse_options({"portrait_source": "photograph", "photographs": {"P001": one}})
    with pytest.raises(ProtocolError, match=r"photographs\.P001\.consent"):
        parse_options({"portrait_source": "photograph", "photographs": {"P001": {**one, "consent": "yes" + " " * 9}}})
    document = {"portrait_source": "photograph", "photographs": {"P001": {**one, "consent": "form 12, 2026-01-01"}}}
    assert parse_options(document).photographs["P001"].consent == "form 12, 2026-01-01"


def test_models_that_options_need_are_in_the_table() -> None:
    assert set(BundleName.__args__) <= set(BUNDLES)
    assert all(name is None or name in SPECS for name in PRESET_ARTIFACT.values())
    options = parse_options({"preset": "lcm8", "severity_lora": True})
    assert needed_models("ip-adapter", options) == ("ip-adapter", "lcm", "acne-lora")
    assert needed_models("ip-adapter-faceid", parse_options({"base": "sd15"})) == ("ip-adapter-faceid-sd15",)


def test_prompts_say_age_sex_and_skin() -> None:
    prompts = Prompts()
    assert "24-year-old woman with fair skin" in prompts.portrait_of(patient())
    assert "16-year-old teenage boy with dark brown skin" in prompts.portrait_of(patient(16, "M", -45))
    assert set(LESION_PHRASES) == set(STAGES)
    texts = {prompts.lesion_of(stage) for stage in STAGES}
    assert len(texts) == len(STAGES)
    assert "a boil" in Prompts(phrases={"nodule": "a boil"}).lesion_of("nodule")


def test_skin_tones_are_the_published_classes() -> None:
    assert [skin_word(ita) for ita in (60, 55, 41, 28, 10, -30)] == [
        "very fair", "fair", "medium", "tan", "brown", "dark brown"
    ]  # fmt: skip


def test_nothing_heavy_is_imported() -> None:
    heavy = ("torch", "diffusers", "transformers", "insightface", "onnxruntime", "huggingface_hub", "cv2")
    modules = ("config", "registry", "faces", "identity", "keypoints", "pull", "given", "tables")
    code = "".join(f"import nof1sim.render.diffusion.{name}\n" for name in modules)
    code += f"import sys; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
