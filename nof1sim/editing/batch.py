"""Several photographs: the good ones done, the bad ones listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nof1sim.errors import Fault, InputError, Nof1simError
from nof1sim.render.portrait.landmarks import LandmarkReader
from nof1sim.render.portrait.sidecar import find_sidecar

from .balance_names import reason
from .files import Wish, Written, check_folder, check_wish, edit_file

SUFFIX = "_edited"
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Failed:
    """A photograph that could not be edited, and why."""

    source: Path
    why: str


def folders_of(photographs: Sequence[Path], out: Path | None) -> list[Path]:
    """The folder of each edit: `out` itself for one photograph, else `out`/name; without `out` NAME_edited beside one.

    Raises
    ------
    InputError
        Several photographs and no `out`.
    """
    if len(photographs) == 1:
        only = photographs[0]
        return [only.with_name(only.stem + SUFFIX) if out is None else out]
    if out is None:
        advice = "Each photograph gets a folder in it."
        raise InputError(str(Fault("--out", "nothing", f"a folder for {len(photographs)} edits", advice)))
    stems = [path.stem for path in photographs]
    names = [stem if stems.count(stem) == 1 else path.name for stem, path in zip(stems, photographs, strict=True)]
    parents = [f"{path.parent.name}_{name}" for path, name in zip(photographs, names, strict=True)]
    return [out / (n if names.count(n) == 1 else p) for n, p in zip(names, parents, strict=True)]


def edit_all(
    photographs: Sequence[Path],
    folders: Sequence[Path],
    wish: Wish,
    open_reader: Callable[[], LandmarkReader | None],
    *,
    overwrite: bool,
    tell: Tell | None = None,
) -> Iterator[Written | Failed]:
    """Edit each photograph into its folder, in order; one alone raises its error, of several it is reported.

    open_reader : asked for once, and only if a photograph has no key points of its own.

    Raises
    ------
    InputError
        The wish makes no sense; two photographs would share a folder; or the only photograph cannot be edited.
    RenderError
        The only photograph cannot be edited.
    """
    check_wish(wish)
    if wish.landmarks is not None and len(photographs) > 1:
        raise InputError(str(Fault("--landmarks", wish.landmarks.name, "with one photograph", "Put one beside each.")))
    twice = [str(folder) for folder in folders if list(folders).count(folder) > 1]
    if twice:
        raise InputError(str(Fault("--out", twice[0], "a folder for each photograph", "Give them names of their own.")))
    for folder in folders:
        check_folder(folder, overwrite=overwrite)
    own = wish.want.scope == "patch" or wish.landmarks is not None
    reader = None if own or all(find_sidecar(path) is not None for path in photographs) else open_reader()
    for number, (path, folder) in enumerate(zip(photographs, folders, strict=True)):
        if tell is not None:
            tell(number, len(photographs), path.name)
        try:
            yield edit_file(path, folder, wish, reader, overwrite=overwrite)
        except Nof1simError as error:
            if len(photographs) == 1:
                raise
            yield Failed(path, reason(path, error))
    if tell is not None:
        tell(len(photographs), len(photographs), "Done")
