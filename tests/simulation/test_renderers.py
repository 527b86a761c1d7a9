"""A renderer's own options: checked before anything is drawn, handed over as what they are."""

from __future__ import annotations

import pytest

from nof1sim.errors import ProtocolError
from nof1sim.protocol import Protocol, with_changes
from nof1sim.simulation.plan import Plan
from nof1sim.simulation.renderers import check_images, make_renderer, settled

from .conftest import small_protocol

TINTED = "nof1sim_test_renderers:Tinted"


def tinted(**options: object) -> Protocol:
    return small_protocol(images={"renderer": TINTED, "renderer_options": options})


def test_options_reach_the_renderer_with_their_defaults() -> None:
    assert make_renderer(tinted(tint=7).images).options.tint == 7  # type: ignore[attr-defined]
    assert make_renderer(tinted().images).options.tint == 3  # type: ignore[attr-defined]


def test_every_fault_of_the_options_is_told_at_once() -> None:
    with pytest.raises(ProtocolError) as told:
        check_images(tinted(tint=-1, tnt=2))
    text = str(told.value)
    assert "images.renderer_options.tint: got -1" in text
    assert "images.renderer_options.tnt: got 2; allowed: one of tint. Did you mean 'tint'?" in text
    with pytest.raises(ProtocolError, match=r"images\.renderer_options\.tint"):
        make_renderer(tinted(tint=-1).images)


def test_a_renderer_without_options_refuses_them(small: Protocol) -> None:
    with pytest.raises(ProtocolError, match=r"renderer_options\.depth.*no options with this renderer"):
        check_images(with_changes(small, images={"renderer_options": {"depth": 3}}))


def test_a_fault_of_the_options_together_names_no_option(small: Protocol) -> None:
    with pytest.raises(ProtocolError) as told:
        check_images(with_changes(small, images={"renderer": "learned"}))
    assert "images.renderer_options: got {}; allowed: `checkpoint` or `path`" in str(told.value)


def test_a_protocol_without_a_path_is_settled_as_it_is(small: Protocol) -> None:
    blind = with_changes(small, images={"enabled": False, "renderer": "learned", "renderer_options": {"path": "gone"}})
    for protocol in (small, tinted(tint=7), blind):
        with settled(protocol) as own:
            assert own is protocol


def test_a_scene_knows_the_patient_s_course() -> None:
    plan = Plan(small_protocol())
    scene = plan.scene(1, 2)
    assert scene.course is not None
    assert set(scene.lesions.lesion_id) <= set(scene.course.columns["lesion_id"])
