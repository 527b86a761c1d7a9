"""Photographs are read as upright sRGB without metadata, and what is none is refused with advice."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, JpegImagePlugin

from nof1sim.errors import InputError
from nof1sim.render.portrait.photograph import (
    crop_points,
    cropped,
    from_pixels,
    read_photograph,
)


def picture(height=96, width=80):
    y, x = np.mgrid[:height, :width]
    return np.stack([200 - x, 120 + y // 2, 90 + (x + y) // 3], -1).astype(np.uint8)


def saved(folder, name, pixels=None, mode=None, **how):
    image = Image.fromarray(picture() if pixels is None else pixels)
    image = image.convert(mode) if mode else image
    path = folder / name
    image.save(path, **how)
    return path


def test_png_keeps_its_pixels_and_has_no_grid(tmp_path):
    photograph = read_photograph(saved(tmp_path, "a.png"))
    assert (photograph.pixels == picture()).all()
    assert photograph.jpeg is None
    assert photograph.name == "a.png"
    assert not photograph.pixels.flags.writeable


def test_jpeg_keeps_its_tables_so_that_saving_again_changes_little(tmp_path):
    path = saved(tmp_path, "a.jpg", quality=83, subsampling=1)
    photograph = read_photograph(path)
    assert photograph.jpeg.subsampling == 1
    again = io.BytesIO()
    tables = [list(table) for table in photograph.jpeg.tables.values()]
    Image.fromarray(photograph.pixels).save(again, "JPEG", qtables=tables, subsampling=photograph.jpeg.subsampling)
    with Image.open(again) as image:
        assert {k: tuple(v) for k, v in image.quantization.items()} == photograph.jpeg.tables
        assert JpegImagePlugin.get_sampling(image) == 1


@pytest.mark.parametrize("code", [2, 3, 4, 5, 6, 7, 8])
def test_exif_orientation_is_applied_and_ends_the_grid(tmp_path, code):
    turns = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
             5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
             8: Image.Transpose.ROTATE_270}  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = code
    stored = np.asarray(Image.fromarray(picture()).transpose(turns[code]))
    photograph = read_photograph(saved(tmp_path, "a.jpg", stored, quality=98, subsampling=0, exif=exif))
    assert photograph.jpeg is None
    assert photograph.pixels.shape == picture().shape
    assert np.abs(photograph.pixels.astype(int) - picture()).max() < 12


def wide_profile():
    """An RGB profile that is not sRGB: sRGB's file with red's and green's colorants changed over."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


def test_a_foreign_profile_is_converted_and_srgb_is_left_alone(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (read_photograph(saved(tmp_path, "s.png", icc_profile=srgb)).pixels == picture()).all()
    changed = read_photograph(saved(tmp_path, "w.png", icc_profile=wide_profile())).pixels.astype(int)
    # What was called red is green: the channels come out exchanged.
    assert np.abs(changed - picture()[..., [1, 0, 2]]).max() <= 2


def deep_png(folder):
    """A 16-bit colour PNG, written by hand: Pillow cannot."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in picture().astype(np.uint16) * 257)
    head = struct.pack(">IIBBBBB", 80, 96, 16, 2, 0, 0, 0)
    path = folder / "deep.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    return path


def cut(folder, name):
    path = saved(folder, name, np.random.default_rng(1).integers(0, 255, (96, 80, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:2000])
    return path


def animated(folder, name):
    frames = [Image.fromarray(np.roll(picture(), k, 1)) for k in range(3)]
    frames[0].save(folder / name, save_all=True, append_images=frames[1:])
    return folder / name


def text(folder, name="a.jpg", data=b"not a picture"):
    (folder / name).write_bytes(data)
    return folder / name


def veiled(folder):
    alpha = np.full((96, 80, 1), 255, np.uint8)
    alpha[40, 40] = 90
    return saved(folder, "a.png", np.concatenate([picture(), alpha], -1))


BAD = {
    "tiny": (lambda f: saved(f, "a.png", picture(60, 80)), "80 x 60 px"),
    "huge": (lambda f: saved(f, "a.png", np.zeros((7200, 7200, 3), np.uint8)), "50 million px"),
    "grey": (lambda f: saved(f, "a.png", mode="L"), "grey"),
    "grey jpeg": (lambda f: saved(f, "a.jpg", mode="L"), "grey"),
    "grey as colour": (lambda f: saved(f, "a.png", np.repeat(picture()[..., :1], 3, -1)), "grey"),
    "grey with alpha": (lambda f: saved(f, "a.png", mode="LA"), "grey"),
    "cmyk": (lambda f: saved(f, "a.jpg", mode="CMYK"), "CMYK"),
    "16 bits": (deep_png, "16 bits"),
    "16 bits grey": (lambda f: saved(f, "a.png", picture()[..., 0].astype(np.uint16) * 200), "16 bits"),
    "palette": (lambda f: saved(f, "a.png", mode="P"), "palette"),
    "alpha": (veiled, "transparent"),
    "animated webp": (lambda f: animated(f, "a.webp"), "3 frames"),
    "animated png": (lambda f: animated(f, "a.png"), "3 frames"),
    "pages": (lambda f: animated(f, "a.tif"), "3 frames"),
    "cut jpeg": (lambda f: cut(f, "a.jpg"), "truncated"),
    "cut png": (lambda f: cut(f, "a.png"), "whole picture file"),
    "text": (text, "not an image that can be read"),
    "empty": (lambda f: text(f, data=b""), "not an image that can be read"),
    "folder": (lambda f: f, "a folder"),
    "missing": (lambda f: f / "none.jpg", "no such file"),
    "profile": (lambda f: saved(f, "a.png", icc_profile=b"nonsense" * 30), "colour profile"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_refused_with_name_and_advice(tmp_path, kind):
    make, says = BAD[kind]
    path = make(tmp_path)
    with pytest.raises(InputError) as caught:
        read_photograph(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "allowed:" in str(caught.value)


def test_an_opaque_alpha_channel_and_a_phone_s_second_picture_do_no_harm(tmp_path):
    opaque = np.concatenate([picture(), np.full((96, 80, 1), 255, np.uint8)], -1)
    assert (read_photograph(saved(tmp_path, "a.png", opaque)).pixels == picture()).all()
    first, second = Image.fromarray(picture()), Image.fromarray(picture()[::2, ::2])
    first.save(tmp_path / "a.mpo", "MPO", save_all=True, append_images=[second])
    photograph = read_photograph(tmp_path / "a.mpo")
    assert photograph.pixels.shape == (96, 80, 3)
    assert photograph.jpeg is not None


def test_pixels_are_taken_only_as_8_bit_colour():
    assert from_pixels(picture()).sha256 != from_pixels(picture()[::-1]).sha256
    for bad in (picture().astype(float), picture()[..., 0], picture()[:50], np.full((96, 80, 3), 128, np.uint8)):
        with pytest.raises(InputError):
            from_pixels(bad)


def test_a_crop_keeps_places_and_only_the_identity_keeps_the_grid(tmp_path):
    square = read_photograph(saved(tmp_path, "a.jpg", picture(96, 96)))
    assert cropped(square, (0, 0, 96, 96), 96) is square
    spot = np.full((300, 300, 3), 100, np.uint8)
    spot[..., 0] = 160
    spot[148:153, 178:183] = 250
    box = (50.5, 40.25, 250.5, 240.25)
    small = cropped(from_pixels(spot), box, 100)
    assert small.jpeg is None
    bright = small.pixels[..., 1].astype(float) - 100
    y, x = np.mgrid[:100, :100]
    found = (x * bright).sum() / bright.sum(), (y * bright).sum() / bright.sum()
    assert np.allclose(found, crop_points({"a": (180, 150)}, box, 100)["a"], atol=0.1)


@pytest.mark.parametrize("box", [(-1, 0, 95, 96), (0, 0, 96, 80), (50, 50, 50, 50), (0, 0, 97, 97)])
def test_a_crop_stays_square_and_inside(box):
    with pytest.raises(InputError, match="square inside"):
        cropped(from_pixels(picture(96, 96)), box, 96)


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_a_file_that_is_no_image_gives_the_same_message_each_time(tmp_path, data):
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    said = []
    for _ in range(2):
        with pytest.raises(InputError, match="not an image that can be read") as caught:
            read_photograph(path)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "0x" not in said[0]
