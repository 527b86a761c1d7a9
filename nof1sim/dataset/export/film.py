"""Frames to an animation on the disk: WebP, GIF or MP4. Frames are drawn one by one, as the encoder takes them."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from PIL import Image

from ...errors import DatasetError
from ..images import SOURCE_TYPE, exif_bytes, xmp_text
from ..statements import About
from .frames import strip_height

Frames = Iterator[Image.Image]
WEBP = {"quality": 80, "method": 2, "minimize_size": False, "kmin": 9, "kmax": 17}
CAPTION_COLOURS = 48
"""Of a GIF's 256 colours, those kept for the strip: text, band and their edges. The picture gets the others."""
CENSUS_PX = 80
"""The picture's colours are counted on a copy about so wide: three times as fast at 256 px, and no difference seen."""
H264 = ("-c:v", "libx264", "-preset", "medium", "-crf", "20", "-pix_fmt", "yuv420p", "-threads", "1")
REPEATABLE = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1")


@dataclass(slots=True)
class _Film:
    """The later frames as one picture of many: what Pillow's WebP encoder takes without holding them all."""

    frames: Frames
    n_frames: int
    shown: Image.Image = field(init=False)

    def seek(self, frame: int) -> None:
        self.shown = next(self.frames)

    @property
    def mode(self) -> str:
        return self.shown.mode

    def getim(self) -> Any:
        return self.shown.getim()


def write_webp(path: Path, frames: Frames, count: int, fps: float, said: About) -> None:
    """An animated WebP of `count` frames, for ever again; EXIF and XMP say that it is synthetic."""
    first = next(frames)
    rest: list[Any] = [_Film(frames, count - 1)] if count > 1 else []
    labels = {"exif": exif_bytes(said.persons), "xmp": xmp_text({}, said.source).encode()}
    first.save(path, "WEBP", save_all=True, append_images=rest, duration=1000 / fps, loop=0, **WEBP, **labels)


def write_gif(path: Path, frames: Frames, count: int, fps: float, said: About) -> None:
    """An animated GIF, for ever again; its comment says that it is synthetic.

    Each frame has its own 256 colours. A GIF's delays are hundredths of a second: 30 frames a second become 33.
    """
    drawn = (one.quantize(palette=_palette(one), dither=Image.Dither.FLOYDSTEINBERG) for one in frames)
    delay = 10 * max(2, round(100 / fps))
    next(drawn).save(
        path, "GIF", save_all=True, append_images=islice(drawn, count - 1), duration=delay, loop=0,
        comment=said.label.encode(), optimize=False, disposal=1,
    )  # fmt: skip


def write_mp4(path: Path, frames: Frames, count: int, fps: float, said: About) -> None:
    """An H.264 MP4 by ffmpeg; its comment says that it is synthetic. Without a sound track; the sides are even.

    Raises
    ------
    DatasetError
        No ffmpeg, or one that fails.
    """
    first = next(frames)
    width, height = first.size
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-")
    labels = ("-metadata", f"comment={said.label}", "-metadata", f"description={SOURCE_TYPE}{said.source}")
    quiet = ("-hide_banner", "-loglevel", "error", "-nostdin", "-y")
    command = [
        _ffmpeg(),
        *quiet,
        *source,
        *REPEATABLE,
        *labels,
        *H264,
        "-movflags",
        "+faststart",
        "-f",
        "mp4",
        str(path),
    ]
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints) as ffmpeg:
            assert ffmpeg.stdin is not None
            try:
                for one in chain([first], islice(frames, count - 1)):
                    ffmpeg.stdin.write(one.tobytes())
                ffmpeg.stdin.close()
            except BrokenPipeError:
                pass  # ffmpeg gave up; its own words follow
            except BaseException:
                ffmpeg.kill()
                raise
        if ffmpeg.returncode:
            complaints.seek(0)
            said_last = complaints.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise DatasetError(
                f"{path.name}: ffmpeg failed ({''.join(said_last) or ffmpeg.returncode}). "
                "Take --set format=webp, which needs no ffmpeg."
            )


WRITERS: dict[str, Callable[[Path, Frames, int, float, About], None]] = {
    "webp": write_webp,
    "gif": write_gif,
    "mp4": write_mp4,
}
"""Every format; it is the file's ending, too."""


def _palette(one: Image.Image) -> Image.Image:
    """256 colours: the picture's and the strip's, which a common census would forget."""
    width, height = one.size
    edge = height - strip_height(width)
    shares = ((0, edge, 256 - CAPTION_COLOURS), (edge, height, CAPTION_COLOURS))
    colours: list[int] = []
    for top, bottom, number in shares:
        counted = one.crop((0, top, width, bottom))
        if top == 0:
            counted = counted.reduce(max(1, width // CENSUS_PX))
        found = counted.quantize(number, Image.Quantize.MEDIANCUT).getpalette() or []
        colours += (found + [0] * 3 * number)[: 3 * number]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    return palette


def require(format: str) -> None:
    """Find the encoder before anything is drawn. A missing one is a DatasetError that says what to install."""
    if format == "mp4":
        _ffmpeg()


def _ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if found is None:
        try:
            found = importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
        except (ImportError, RuntimeError) as error:
            raise DatasetError(
                "--set format=mp4: needs ffmpeg, and there is none on the PATH. Install it, or pip install "
                "imageio-ffmpeg; or take --set format=webp (default) or gif, which need nothing."
            ) from error
    return str(found)
