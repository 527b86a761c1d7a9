"""Reading pictures: area means, one letter for all that is wrong, bounded memory."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from nof1sim.analysis import images
from nof1sim.errors import AnalysisError


def encoded(array: np.ndarray, format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, format, **options)  # type: ignore[arg-type]
    return file.getvalue()


def noise(seed: int, size: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def reader(files: dict[str, bytes]) -> Callable[[str], bytes]:
    return lambda name: files[name]


def test_shrinking_by_a_whole_ratio_is_the_area_mean() -> None:
    picture = noise(1)
    got = images.load(reader({"a": encoded(picture)}), ["a"], 16)[0]
    want = picture.reshape(16, 4, 16, 4, 3).mean((1, 3))
    assert np.abs(got - want).max() <= 1  # Pillow rounds once for each axis


def test_a_jpeg_is_drafted_to_block_means() -> None:
    smooth = np.repeat(np.repeat(noise(2, 8), 8, 0), 8, 1)
    got = images.load(reader({"a": encoded(smooth, "JPEG", quality=95, subsampling=0)}), ["a"], 8)[0]
    assert np.abs(got.astype(int) - noise(2, 8)).max() <= 6


def test_order_is_kept_and_progress_told_over_several_batches() -> None:
    files = {f"{i}": encoded(np.full((8, 8, 3), i, np.uint8) + np.uint8([0, 1, 2])) for i in range(150)}
    told: list[tuple[int, int]] = []
    got = images.load(reader(files), list(files), 8, lambda done, n: told.append((done, n)))
    assert (got[:, 0, 0, 0] == np.arange(150)).all()
    assert told[-1] == (150, 150)


def test_big_studies_lie_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "IN_MEMORY_BYTES", 100)
    files = {"a": encoded(noise(1)), "b": encoded(noise(2))}
    got = images.load(reader(files), ["a", "b"], 64)
    assert isinstance(got, np.memmap)
    assert (got[1] == noise(2)).all()


def test_a_photograph_is_turned_as_its_exif_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side: the file's left column is the top row
    picture = noise(3)
    got = images.load(reader({"a": encoded(picture, exif=exif.tobytes())}), ["a"], 64)[0]
    assert (got == np.rot90(picture, -1)).all()


def test_everything_wrong_is_listed_at_once() -> None:
    grey = np.repeat(noise(1)[..., :1], 3, 2)
    files = {"a": encoded(noise(1)), "b": encoded(noise(2)), "small": encoded(noise(3, 32)), "grey": encoded(grey)}
    files["broken"] = encoded(noise(4))[:100]
    with pytest.raises(AnalysisError) as caught:
        images.load(reader(files), [*files, "absent"], 16)
    letter = str(caught.value)
    for words in ("broken", "absent", "small (32 x 32)", "2 that cannot be read", "2 sizes", "1 of 4 grey"):
        assert words in letter


def test_no_picture_is_a_letter() -> None:
    with pytest.raises(AnalysisError, match="at least one picture"):
        images.load(reader({}), [], 64)
