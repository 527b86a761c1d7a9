"""Embedders without a network, and finding one by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nof1sim import plugins
from nof1sim.analysis.embed import Embedder, choose, vectors
from nof1sim.analysis.embed.base import as_vectors
from nof1sim.analysis.embed.pca import PixelPca
from nof1sim.analysis.images import Shots
from nof1sim.analysis.reduce import reduce, within_r
from nof1sim.errors import AnalysisError, UnknownNameError

Study = tuple[Shots, np.ndarray]


@pytest.mark.parametrize("name", plugins.BUILT_IN["embedders"])
def test_every_built_in_is_an_embedder(name: str) -> None:
    embedder = choose(name)
    assert isinstance(embedder, Embedder)
    assert embedder.name == name


@pytest.mark.parametrize("name", ["texture", "redness"])
def test_red_dots_are_found_under_changing_light(faces: Study, name: str) -> None:
    shots, severity = faces
    score = reduce(vectors(choose(name), shots), shots)
    assert abs(within_r(score.values, severity, shots.who)) > 0.9


def test_pixels_alone_find_the_light_and_the_score_says_so(faces: Study) -> None:
    shots, severity = faces
    redness = vectors(choose("redness"), shots)
    score = reduce(vectors(choose("pca").fit(shots, 0), shots), shots, redness=redness)
    assert abs(within_r(score.values, severity, shots.who)) < 0.5
    assert any("lighting" in warning for warning in score.warnings)


def test_the_randomised_svd_is_the_svd(faces: Study) -> None:
    shots, _ = faces
    small = replace(shots, pixels=shots.pixels[:, ::8, ::8])
    got = PixelPca(size_px=8, components=3).fit(small, 0).embed(small)
    rows = small.pixels.reshape(len(small), -1) / 255
    u, s, _ = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    for k in range(3):
        assert abs(np.corrcoef(got[:, k], u[:, k])[0, 1]) > 0.999
        assert abs(np.linalg.norm(got[:, k]) / s[k] - 1) < 1e-3


def test_a_saved_pca_is_the_same(faces: Study, tmp_path: Path) -> None:
    shots, _ = faces
    fitted = PixelPca().fit(shots, 0)
    fitted.save(tmp_path / "pca")
    assert (PixelPca.load(tmp_path / "pca").embed(shots) == fitted.embed(shots)).all()
    assert fitted.picture(np.eye(16, dtype=np.float32)[0]).shape == (64, 64, 3)


def test_grey_pictures_have_no_redness(faces: Study) -> None:
    shots, _ = faces
    grey = replace(shots, pixels=np.repeat(shots.pixels[..., :1], 3, 3))
    with pytest.raises(AnalysisError, match="needs colour"):
        choose("redness").embed(grey)


def test_an_unknown_name_is_a_letter() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'autoencoder'"):
        choose("autoencodr")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.ones(3), r"\(3,\)"),
        (np.ones((2, 4)), r"\(2, 4\)"),
        ([[1.0], [np.nan], [2.0]], "1 of 3 vectors"),
        ("x", "str"),
    ],
)
def test_a_bad_answer_names_the_model_and_the_shape(answer: object, words: str) -> None:
    with pytest.raises(AnalysisError, match=f"embedder mine.*{words}"):
        as_vectors(answer, 3, "mine")
