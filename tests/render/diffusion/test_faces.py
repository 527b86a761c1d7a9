"""Faces: insightface's real path over stub networks; who is alike, what is refused, and how key points are drawn."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nof1sim.errors import ModelNotAvailable, RenderError
from nof1sim.render.diffusion.faces import FaceReader, cosine, load_faces, pack_of
from nof1sim.render.diffusion.keypoints import COLOURS, DIM, draw_keypoints

pytest.importorskip("insightface", reason="the extra `face` is not installed")
pytest.importorskip("onnx")

from .stub_pack import HALF_BOX, KPS, add_face, face, write_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("packs") / "antelopev2")


@pytest.fixture(scope="module")
def reader(pack: Path) -> FaceReader:
    return load_faces(pack)


def test_a_face_has_its_numbers(reader: FaceReader) -> None:
    image = face(1, size=128, middle=(0.5, 0.4))
    found = reader.analyse(image)
    assert (found.embedding.shape, found.kps_px.shape, found.bbox_px.shape) == ((512,), (5, 2), (4,))
    assert found.pack == "antelopev2"
    assert 0.5 < found.det_score <= 1
    assert np.linalg.norm(found.normed_embedding) == pytest.approx(1, abs=1e-6)
    raw = np.linalg.norm(found.embedding)
    assert abs(raw - 1) > 0.1  # the raw one is not the normed one
    assert np.allclose(found.embedding / raw, found.normed_embedding, atol=1e-6)
    scale, middle = 128 / 640, np.array([64.0, 0.4 * 128])
    assert np.allclose(found.kps_px, middle + KPS * scale, atol=32 * scale)  # the detector's grid
    assert found.bbox_px[2] - found.bbox_px[0] == pytest.approx(2 * HALF_BOX * scale, abs=0.1)


def test_the_same_person_is_alike_and_another_is_not(reader: FaceReader) -> None:
    one, again, other = (reader.analyse(image) for image in (face(1), face(1, noise=8.0), face(2)))
    assert cosine(one, one) == pytest.approx(1, abs=1e-6)
    assert cosine(one, again) > 0.9
    assert cosine(one, other) < 0.5


def test_the_channels_reach_the_network_in_its_order(reader: FaceReader) -> None:
    image = face(3)
    assert cosine(reader.analyse(image), reader.analyse(np.ascontiguousarray(image[:, :, ::-1]))) < 0.9


def test_a_face_that_fills_the_frame_is_found_with_a_margin(reader: FaceReader) -> None:
    class ShySight:
        """Finds a face only where the picture has a margin, as detectors do."""

        def get(self, image):
            return [] if image.shape[0] == 128 else reader.analysis.get(image)

    image = face(1, share=0.5)
    found = FaceReader(reader.pack, ShySight()).analyse(image)
    left, top, right, bottom = found.bbox_px
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((64, 64), abs=13)  # in the picture's own pixels
    assert right - left == pytest.approx(2 * HALF_BOX * (128 + 2 * 77) / 640, abs=1)


def test_no_face(reader: FaceReader) -> None:
    with pytest.raises(RenderError, match=r"picture 7: got 'no face found'.*whole face"):
        reader.analyse(np.full((96, 96, 3), 10, np.uint8), "picture 7")


def test_two_faces(reader: FaceReader) -> None:
    both = add_face(face(1, middle=(0.25, 0.5)), 2, (0.75, 0.5))
    with pytest.raises(RenderError, match="2 faces, the second with 100% of the first one's area"):
        reader.analyse(both)


def test_packs_are_never_mixed(pack: Path, tmp_path: Path) -> None:
    other = load_faces(write_pack(tmp_path / "b", ("det_10g.onnx", "w600k_r50.onnx"), seed=5))
    assert other.pack == "buffalo_l"
    a, b = load_faces(pack).analyse(face(1)), other.analyse(face(1))
    with pytest.raises(RenderError, match="embeddings of antelopev2 and buffalo_l"):
        cosine(a, b)
    assert cosine(a, replace(b, pack="antelopev2")) < 0.9


def test_a_folder_within_the_folder_is_told(tmp_path: Path) -> None:
    write_pack(tmp_path / "antelopev2" / "antelopev2")
    with pytest.raises(ModelNotAvailable, match=r"one folder deeper, in .*antelopev2/antelopev2: move them up"):
        load_faces(tmp_path / "antelopev2")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ((), "no such folder; expected antelopev2: scrfd_10g_bnkps.onnx and glintr100.onnx"),
        (("scrfd_10g_bnkps.onnx",), r"(?s)found scrfd_10g_bnkps.onnx; expected .*nof1sim models pull antelopev2"),
        (("scrfd_10g_bnkps.onnx", "arcface.onnx"), "a different network under the same pack's name"),
        (("scrfd_10g_bnkps.onnx", "glintr100.onnx", "w600k_r50.onnx"), "Two packs lie in one folder"),
    ],
)
def test_a_pack_that_is_none(tmp_path: Path, files: tuple[str, ...], message: str) -> None:
    folder = tmp_path / "pack"
    for name in files:
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    with pytest.raises(ModelNotAvailable, match=message):
        pack_of(folder)


def test_damaged_files(pack: Path, tmp_path: Path) -> None:
    for file in pack.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:100])
    with pytest.raises(ModelNotAvailable, match="Check it: nof1sim models verify antelopev2"):
        load_faces(tmp_path)


def test_without_the_package() -> None:
    code = (
        "import sys; sys.modules['insightface'] = None; sys.modules['insightface.app'] = None\n"
        "from pathlib import Path; import tempfile\n"
        "from nof1sim.errors import ModelNotAvailable\n"
        "from nof1sim.render.diffusion.faces import load_faces\n"
        "folder = Path(tempfile.mkdtemp())\n"
        "[(folder / name).touch() for name in ('scrfd_10g_bnkps.onnx', 'glintr100.onnx')]\n"
        "try: load_faces(folder)\n"
        "except ModelNotAvailable as error: print(error)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "nof1sim[face]"' in found.stdout


def test_key_points_are_drawn_as_published() -> None:
    kps = np.array([(300, 400), (700, 400), (500, 600), (350, 800), (650, 800)])
    image = draw_keypoints(kps, (1024, 1024))
    assert image.shape == (1024, 1024, 3)
    for (x, y), colour in zip(kps, COLOURS, strict=True):
        assert tuple(image[y, x]) == colour
        assert tuple(image[y - 9, x]) == colour  # radius 10
    limb = image[500, 400]  # half way from the first eye to the nose
    assert tuple(limb) == tuple(int(value * DIM) for value in COLOURS[0])
    assert image[0].sum() == 0
    drawn = int((image.sum(axis=2) > 0).sum())
    assert 5 * 314 < drawn < 5 * 314 + 4 * 2200  # five discs and four limbs of at most 8 px


def test_key_points_scale_with_the_canvas() -> None:
    kps = np.array([(300, 400), (700, 400), (500, 600), (350, 800), (650, 800)]) / 4
    small = draw_keypoints(kps, (256, 256))
    large = draw_keypoints(kps * 4, (1024, 1024))
    assert (small.sum(axis=2) > 0).mean() == pytest.approx((large.sum(axis=2) > 0).mean(), rel=0.3)
    crop = draw_keypoints(kps * 4, (512, 512), reference_px=1024)  # points outside a crop are simply not there
    assert np.array_equal(crop, large[:512, :512])


def test_key_points_are_drawn_as_by_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    kps = np.array([(310.0, 402.0), (700.0, 388.0), (512.0, 590.0), (355.0, 790.0), (660.0, 801.0)])
    canvas = np.zeros((1024, 1024, 3), np.uint8)
    for first, last in ((0, 2), (1, 2), (3, 2), (4, 2)):
        (ax, ay), (bx, by) = kps[first], kps[last]
        middle, half = (int((ax + bx) / 2), int((ay + by) / 2)), int(np.hypot(ax - bx, ay - by) / 2)
        angle = int(np.degrees(np.arctan2(ay - by, ax - bx)))
        cv2.fillConvexPoly(canvas, cv2.ellipse2Poly(middle, (half, 4), angle, 0, 360, 1), COLOURS[first])
    canvas = (canvas * DIM).astype(np.uint8)
    for (x, y), colour in zip(kps, COLOURS, strict=True):
        cv2.circle(canvas, (int(x), int(y)), 10, colour, -1)
    ours = draw_keypoints(kps, (1024, 1024))
    either = (canvas.sum(axis=2) > 0) | (ours.sum(axis=2) > 0)
    wrong = (canvas != ours).any(axis=2).sum() / either.sum()
    assert wrong < 0.15  # edges: limbs are 8 px wide, so one pixel along them is a lot


def test_a_wrong_limb_would_show() -> None:
    kps = np.array([(310.0, 402.0), (700.0, 388.0), (512.0, 590.0), (355.0, 790.0), (660.0, 801.0)])
    swapped = draw_keypoints(kps[[1, 0, 2, 3, 4]], (1024, 1024))
    ours = draw_keypoints(kps, (1024, 1024))
    assert (swapped != ours).any(axis=2).sum() / (ours.sum(axis=2) > 0).sum() > 0.3
