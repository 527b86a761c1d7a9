"""Settings of LoRA fine-tuning: the published recipe, and a letter for every one that is not allowed."""

from __future__ import annotations

from typing import Any

import pytest

from nof1sim.errors import InputError, UnknownNameError
from nof1sim.learning.lora_options import LoraOptions, document_of, options_from
from nof1sim.learning.lora_presets import PRESETS, lora_options, settings_of


def test_the_published_recipe() -> None:
    o = lora_options("hettich2024", model="lora-sdxl")
    assert (o.base, o.size_px, o.batch, o.accumulate, o.rate, o.steps) == ("sdxl", 1024, 1, 3, 1e-4, 500)
    assert (o.snr_gamma, o.optimiser, o.precision, o.per_grade, o.rank) == (5.0, "adamw8bit", "fp16", True, 4)
    assert [o.prompt_of(grade) for grade in range(4)] == [f"photo of a person with acne{n}" for n in range(4)]
    assert o.prior_images == 0


@pytest.mark.parametrize("name", PRESETS)
def test_a_manifest_gives_the_options_back(name: str) -> None:
    assert options_from(document_of(PRESETS[name])) == PRESETS[name]


def test_alpha_is_the_rank_unless_it_is_given() -> None:
    assert LoraOptions(rank=8).scale == 1
    assert LoraOptions(rank=8, alpha=4).scale == 0.5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base": "sdx"}, r"lora\.base.*sdxl, sd15.*Did you mean 'sdxl'"),
        ({"steps": 0}, r"lora\.steps.*1 or more"),
        ({"steps": 2.5}, r"lora\.steps.*1 or more"),
        ({"rank": True}, r"lora\.rank.*1 or more"),
        ({"rate": float("nan")}, r"lora\.rate.*above 0"),
        ({"alpha": -1.0}, r"lora\.alpha.*above 0"),
        ({"snr_gamma": 0}, r"lora\.snr_gamma.*above 0"),
        ({"prior_weight": -1}, r"lora\.prior_weight.*0 or more"),
        ({"size_px": 100}, r"lora\.size_px.*multiple of 64"),
        ({"targets": ()}, r"lora\.targets.*to_q"),
        ({"prompt": "a {face}"}, r"lora\.prompt.*only name in braces is \{grade\}"),
        ({"prompt": "a face"}, r"lora\.prompt.*\{grade\}.*per_grade"),
        ({"prompt": "a {grade"}, r"lora\.prompt.*braces"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        LoraOptions(**changes)


def test_all_faults_are_listed_at_once() -> None:
    with pytest.raises(InputError, match=r"(?s)lora\.batch.*lora\.clip"):
        LoraOptions(batch=0, clip=0)


def test_unknown_names_have_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'hettich2024'"):
        lora_options("hettich2023")
    with pytest.raises(UnknownNameError, match="Did you mean 'accumulate'"):
        lora_options("sdxl", {"acumulate": 3})
    with pytest.raises(InputError, match="a preset for lora-sd15"):
        lora_options("hettich2024", model="lora-sd15")


def test_what_the_command_line_sets() -> None:
    o, reading = settings_of("lora-sd15", {"labels": "iga3", "rank": 8, "targets": "to_q,to_v"})
    assert (o.base, o.rank, o.size_px, o.targets, reading) == ("sd15", 8, 512, ("to_q", "to_v"), {"labels": "iga3"})
    o, _ = settings_of("lora-sdxl", {"preset": "hettich2024", "optimiser": "adamw", "targets": ["to_k"]})
    assert (o.per_grade, o.optimiser, o.targets) == (True, "adamw", ("to_k",))
    with pytest.raises(InputError, match="a preset for lora-sd15"):
        settings_of("lora-sd15", {"preset": "hettich2024"})


def test_a_manifest_of_another_version_is_refused() -> None:
    with pytest.raises(InputError, match=r"manifest\.json: options.*this version"):
        options_from({**document_of(LoraOptions()), "colour": 1})
