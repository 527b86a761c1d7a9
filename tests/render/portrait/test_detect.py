"""Landmarks by insightface's real path over stub networks: which points go where, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nof1sim.errors import ModelNotAvailable, RenderError
from nof1sim.render.portrait.detect import LEAST_FACE_PX, FaceLandmarks, load_landmarks, open_landmarks
from nof1sim.render.portrait.schemes import AT_68

pytest.importorskip("insightface", reason="the extra `face` is not installed")
pytest.importorskip("onnx")

from ..diffusion.stub_pack import HALF_BOX, add_face, face, write_pack
from .stub_landmarks import MARGIN, write_landmarks

SIZE = 320
BOX_PX = 2 * HALF_BOX * SIZE / 640
FILES = ("1k3d68.onnx", "2d106det.onnx")


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, np.ndarray]]:
    """By network: a pack with it, and the places that it gives."""
    root = tmp_path_factory.mktemp("packs")
    made = {name: write_pack(root / name[:3], ("det_10g.onnx", "w600k_r50.onnx")) for name in FILES}
    return {name: (folder, write_landmarks(folder, name)) for name, folder in made.items()}


@pytest.mark.parametrize("file", FILES)
def test_points_come_in_the_pictures_own_pixels(packs: dict[str, tuple[Path, np.ndarray]], file: str) -> None:
    folder, places = packs[file]
    found = load_landmarks(folder).landmarks(face(1, size=SIZE, middle=(0.5, 0.4)))
    wanted = np.array([0.5, 0.4]) * SIZE + places * BOX_PX * MARGIN / 2
    wanted = wanted if file == "1k3d68.onnx" else wanted[list(AT_68)]
    got = np.array([found.points_px[f"ibug_{k:02d}"] for k in range(1, 69)])
    assert np.abs(got - wanted).max() < 20  # the stub's detector finds a face on a grid of 16 px
    shift = (got - wanted).mean(0)
    assert np.abs(got - wanted - shift).max() < 0.1
    assert found.points_px["pronasale"] == found.points_px["ibug_31"]
    assert ("pupil_left" in found.points_px) == (file == "2d106det.onnx")
    assert found.source.startswith("insightface landmark_")


def test_the_68_are_preferred(packs: dict[str, tuple[Path, np.ndarray]], tmp_path: Path) -> None:
    both = write_pack(tmp_path / "both", ("det_10g.onnx", "w600k_r50.onnx"))
    for file in FILES:
        write_landmarks(both, file)
    assert load_landmarks(both).task == "landmark_3d_68"


def test_a_face_that_fills_the_frame_is_found_with_a_margin(packs: dict[str, tuple[Path, np.ndarray]]) -> None:
    reader = load_landmarks(packs["1k3d68.onnx"][0])

    class ShySight:
        def get(self, image):
            return [] if image.shape[0] == SIZE else reader.analysis.get(image)

    found = FaceLandmarks(reader.pack, reader.task, ShySight()).landmarks(face(1, size=SIZE, share=0.5))
    padded = SIZE + 2 * round(0.6 * SIZE)
    half = 2 * HALF_BOX * padded / 640 * MARGIN / 2
    got = np.array([found.points_px[f"ibug_{k:02d}"] for k in range(1, 69)])
    wanted = SIZE / 2 + packs["1k3d68.onnx"][1] * half
    assert np.abs(got - wanted).max() < 40  # twice as coarse in the larger picture
    assert np.ptp(got[:, 0]) == pytest.approx(np.ptp(wanted[:, 0]), rel=1e-3)


def test_what_is_no_portrait_is_refused(packs: dict[str, tuple[Path, np.ndarray]]) -> None:
    reader = load_landmarks(packs["1k3d68.onnx"][0])
    with pytest.raises(RenderError, match=r"anna\.jpg: got 'no face found'"):
        reader.landmarks(np.full((96, 96, 3), 10, np.uint8), "anna.jpg")
    both = add_face(face(1, middle=(0.25, 0.5)), 2, (0.75, 0.5))
    with pytest.raises(RenderError, match="2 faces, the second with 100% of the first one's area"):
        reader.landmarks(both)
    with pytest.raises(RenderError, match=rf"a face of 44 px'; allowed: {LEAST_FACE_PX} px or more"):
        reader.landmarks(face(1, size=128))


def test_a_pack_without_landmarks_says_what_to_get(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "buffalo_l", ("det_10g.onnx", "w600k_r50.onnx"))
    with pytest.raises(ModelNotAvailable, match=r"1k3d68\.onnx or 2d106det\.onnx.*models pull buffalo_l"):
        load_landmarks(folder)
    (folder / "1k3d68.onnx").write_bytes(b"x" * 50)
    with pytest.raises(ModelNotAvailable, match="models verify buffalo_l"):
        load_landmarks(folder)


def test_a_pack_of_the_models_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NOF1SIM_MODELS", raising=False)
    assert open_landmarks() is None
    folder = write_pack(tmp_path / "models" / "buffalo_l", ("det_10g.onnx", "w600k_r50.onnx"))
    assert open_landmarks(tmp_path / "models") is None  # it has no landmark network
    write_landmarks(folder, "2d106det.onnx")
    found = open_landmarks(tmp_path / "models")
    assert found is not None
    assert (found.pack, found.task) == ("buffalo_l", "landmark_2d_106")
