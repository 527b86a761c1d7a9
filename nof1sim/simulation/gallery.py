"""Contact sheets: what the simulator draws, laid out to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .. import __version__
from ..dataset.images import encode
from ..errors import Fault, InputError, refuse, unknown_name
from ..model import STAGES, Lesions, Nuisance, Patient, Scene, Unit, View
from ..render.base import Renderer
from ..render.skin.specimens import SIZES, sample_lesions, together
from ..severity.cohort import FITZPATRICK, ITA_LIMITS_DEG
from .driver import Progress
from .plan import Plan
from .renderers import accepts, make_renderer

SIZES_PX = (64, 1024)
CAPTION_SHARE = 1 / 16
"""Height of a caption's letters, of the tile's."""
PAPER, INK = (246, 245, 242), (40, 40, 40)
MOST_COLUMNS = 12

SIDES = ("front", "left", "right")
ALL_VIEWS = (
    *SIDES, "left_cheek", "right_cheek", "forehead", "chin", "patch", "yaw20", "yaw-20", "yaw50", "yaw-50",
    "yaw0_pitch20", "yaw-35_pitch10",
)  # fmt: skip
CLOSE_UPS = ("left_cheek", "left")
"""The view of the lesions: the first that the renderer can draw."""
PLACES = ((36.0, -24.0), (48.0, -36.0), (34.0, -46.0))
"""Of a small, a typical and a large lesion on the face chart."""
AGES_YEARS = (14, 17, 20, 24, 28, 33, 39, 45)
TIMES = 12


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture of a sheet, and what stands under it."""

    caption: str
    view: View


@dataclass(frozen=True, slots=True)
class Sheet:
    """A contact sheet: its file is `<name>.png`."""

    name: str
    columns: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the sheets show. people : how many.  rank : of the patient of `tones`, `views`, `lesions` and `time`."""

    plan: Plan
    renderer: Renderer
    people: int
    rank: int
    size_px: int

    def views(self, names: Sequence[str]) -> list[str]:
        """Those views that the renderer can draw."""
        return [name for name in names if accepts(self.renderer, name)]

    @property
    def patient(self) -> Patient:
        return self.plan.course(self.rank, 1).cohort.patients[0]

    def neutral(self, patient: Patient, lesions: Lesions, view: str) -> View:
        """A picture without any nuisance."""
        address = (patient.key, 1, 1, view)
        return View(Scene(patient, 1, lesions), view, Nuisance(), self.size_px, self.plan.protocol.seed, address)

    def photograph(self, rank: int, day: int, view: str) -> View:
        """A picture as the protocol takes it."""
        return replace(self.plan.view(Unit(rank, day, 1, view)), size_px=self.size_px, layers=())


CLEAR = sample_lesions("papule", [])


def _people(wish: Wish) -> Sheet:
    """The first people of the cohort, nobody left out, from the front and both sides."""
    views = wish.views(SIDES)
    tiles = []
    for rank in range(wish.people):
        for view in views:
            picture = wish.photograph(rank, 1, view)
            who = picture.scene.patient
            about = f"{who.key}  {who.sex} {who.age_years:.0f}  {FITZPATRICK[who.fitzpatrick - 1]}"
            tiles.append(Tile(about if view == views[0] else view, picture))
    return Sheet("people", len(views) * max(1, MOST_COLUMNS // len(views)), tuple(tiles))


def _in_tone(patient: Patient, name: str) -> Patient:
    """The same person in the middle of a Fitzpatrick type."""
    return replace(patient, ita_deg=sum(ITA_LIMITS_DEG[name]) / 2, fitzpatrick=FITZPATRICK.index(name) + 1)


def _tones(wish: Wish) -> Sheet:
    """The six skin types on one face of each sex."""
    people = [replace(wish.patient, sex=sex, age_years=24.0) for sex in ("F", "M")]
    toned = [(name, _in_tone(person, name)) for person in people for name in FITZPATRICK]
    tiles = [Tile(f"{name}  ITA {who.ita_deg:.0f}", wish.neutral(who, CLEAR, "front")) for name, who in toned]
    return Sheet("tones", len(FITZPATRICK), tuple(tiles))


def _ages(wish: Wish) -> Sheet:
    """One face from 14 to 45 years, by sex."""
    people = [replace(wish.patient, sex=sex, age_years=float(age)) for sex in ("F", "M") for age in AGES_YEARS]
    tiles = [Tile(f"{who.sex} {who.age_years:.0f}", wish.neutral(who, CLEAR, "front")) for who in people]
    return Sheet("ages", len(AGES_YEARS), tuple(tiles))


def _views(wish: Wish) -> Sheet:
    """All views of one patient on day 1."""
    lesions = wish.plan.scene(wish.rank, 1).lesions
    names = wish.views(tuple(dict.fromkeys((*wish.renderer.views, *ALL_VIEWS))))
    return Sheet("views", 4, tuple(Tile(name, wish.neutral(wish.patient, lesions, name)) for name in names))


def _lesions(wish: Wish) -> Sheet:
    """Every stage, a small, a typical and a large lesion, on the six skin types."""
    view = wish.views((*CLOSE_UPS, *wish.renderer.views))[0]
    tiles = []
    for stage in STAGES:
        if stage in ("microcomedone", "resolving"):  # not visible; no stage of its own kind
            continue
        lesions = together([sample_lesions(stage, [place], size) for place, size in zip(PLACES, SIZES, strict=True)])
        for name in FITZPATRICK:
            about = f"{stage.replace('_', ' ')}  {name}"
            tiles.append(Tile(about, wish.neutral(_in_tone(wish.patient, name), lesions, view)))
    return Sheet("lesions", len(FITZPATRICK), tuple(tiles))


def _time(wish: Wish) -> Sheet:
    """One patient over the days of the study."""
    course, block = wish.plan.course(wish.rank, 1), wish.plan.block(wish.rank, 1)
    tiles = []
    for day in np.unique(np.linspace(1, wish.plan.protocol.days, TIMES).astype(int)).tolist():
        label = course.schedule.labels[course.schedule.label[0, day - 1]]
        about = f"day {day}  {label}  {block.severity[0, day - 1]:.1f}"
        tiles.append(Tile(about, wish.photograph(wish.rank, day, wish.views(SIDES)[0])))
    return Sheet("time", 4, tuple(tiles))


SHEETS: dict[str, Callable[[Wish], Sheet]] = {
    "people": _people,
    "tones": _tones,
    "ages": _ages,
    "views": _views,
    "lesions": _lesions,
    "time": _time,
}


def parse_only(text: str | None) -> tuple[str, ...]:
    """`people,tones` as names of sheets; all of them for None."""
    names = tuple(SHEETS) if text is None else tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in SHEETS:
            raise unknown_name("sheet", "--only", name, SHEETS)
    return names


def write_gallery(
    plan: Plan,
    out: str | Path,
    *,
    only: Sequence[str] = tuple(SHEETS),
    people: int = 40,
    patient: int = 1,
    size_px: int = 256,
    progress: Progress | None = None,
) -> list[Path]:
    """Draw contact sheets into a folder, and say which files they are; sheets of an earlier gallery are replaced.

    Parameters
    ----------
    people : how many of the cohort's, from the first on, at most as many as there are.
    patient : number of the one whom the other sheets show, from 1.
    progress : called as pictures get done.

    Raises
    ------
    ProtocolError
        A number out of range.
    InputError
        The folder cannot be written.
    """
    last, (low, high) = plan.protocol.cohort.patients, SIZES_PX
    limits = {"--people": (people, 1, 10_000), "--patient": (patient, 1, last), "--size": (size_px, low, high)}
    refuse(
        [Fault(where, given, f"{a} to {b}") for where, (given, a, b) in limits.items() if not a <= given <= b],
        "The gallery",
    )
    renderer = make_renderer(plan.protocol.images)
    wish = Wish(plan, renderer, min(people, last), patient - 1, size_px)
    sheets = [SHEETS[name](wish) for name in only]
    total, done = sum(len(sheet.tiles) for sheet in sheets), 0
    written = []
    for sheet in sheets:
        drawn: dict[int, NDArray[np.uint8]] = {}
        for place in _by_face(sheet.tiles):
            drawn[place] = renderer.render([sheet.tiles[place].view])[0].pixels
            done += 1
            if progress:
                progress(done, total, f"Drawing {sheet.name}")
        pictures = [drawn[place] for place in range(len(drawn))]
        written.append(_write(Path(out) / f"{sheet.name}.png", lay_out(sheet, pictures), _note(plan, sheet)))
    return written


def _by_face(tiles: Sequence[Tile]) -> list[int]:
    """Places of the tiles, one face and view after the other: a renderer keeps few of them prepared."""
    first: dict[tuple[object, ...], int] = {}
    keys = []
    for place, tile in enumerate(tiles):
        who = tile.view.scene.patient
        key = (who.key, who.age_years, who.sex, who.ita_deg, tile.view.view)
        keys.append((first.setdefault(key, place), place))
    return [place for _, place in sorted(keys)]


def _note(plan: Plan, sheet: Sheet) -> dict[str, Any]:
    return {"generator": f"nof1sim {__version__}", "protocol": plan.protocol.digest, "sheet": sheet.name}


def lay_out(sheet: Sheet, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The sheet: tiles row by row, each with its caption below."""
    size = len(pictures[0])
    columns = min(sheet.columns, len(pictures))
    letters = max(9, round(size * CAPTION_SHARE))
    strip = 2 * letters
    rows = -(-len(pictures) // columns)
    paper = Image.new("RGB", (columns * size, rows * (size + strip)), PAPER)
    pen = ImageDraw.Draw(paper)
    for (x, y), tile, pixels in zip(_corners(columns, size, size + strip), sheet.tiles, pictures, strict=False):
        paper.paste(Image.fromarray(pixels), (x, y))
        where = (x + letters // 2, y + size + letters // 3)
        pen.text(where, tile.caption, fill=INK, font=_font(tile.caption, letters, size - letters))
    return np.asarray(paper)


def _font(caption: str, letters: int, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font, small enough for a caption to fit under its tile."""
    wide = ImageFont.load_default(letters).getlength(caption)
    return ImageFont.load_default(letters * min(1.0, width / max(wide, 1)))


def _corners(columns: int, width: int, height: int) -> Iterator[tuple[int, int]]:
    """Upper left corners of the tiles, row by row, without end."""
    place = 0
    while True:
        yield place % columns * width, place // columns * height
        place += 1


def _write(path: Path, pixels: NDArray[np.uint8], note: dict[str, Any]) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(pixels, "png", note=note))
    except OSError as error:
        raise InputError(f"--out: {path} cannot be written ({error.strerror}). Give a folder that is yours.") from None
    return path
