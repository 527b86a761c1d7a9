"""WebDataset shards: tar files of key.jpg, key.json and, with the truth, key.mask.png.

WebDataset cuts a name at the first dot of its last part, so a dot within a key is written as %2E.
https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path, PurePosixPath

from ..reader import Dataset
from .base import Options, Tell
from .common import number, parts_of, write_note
from .records import need_pictures, record, split_name
from .source import Picture, Source, mask_in

SIZE_MB = 500.0
_BLOCK = tarfile.BLOCKSIZE


def write(dataset: Dataset, out: Path, options: Options, tell: Tell) -> None:
    """Write the folder."""
    total, done = need_pictures(dataset), 0
    limit = int(number(options, "size_mb", SIZE_MB, 0.1, 2000) * 1e6)
    source = Source(dataset)
    out.mkdir()
    for part, ranks in parts_of(dataset, options.split, options.seed).items():
        shards = _Shards(out, split_name(part), limit)
        for picture in source.pictures(ranks, options.truth):
            shards.add(sample(source, picture, options.truth))
            done += 1
            tell(done, total, "Packing")
        shards.close()
    write_note(out, dataset, "webdataset", options)


def sample(source: Source, picture: Picture, truth: bool) -> dict[str, bytes]:
    """Name -> content of the files of one picture, sorted by name."""
    path = PurePosixPath(picture.path)
    key = path.stem.replace(".", "%2E")
    row = json.dumps(record(picture, truth), ensure_ascii=False, allow_nan=False, default=str)
    files = {f"{key}{path.suffix}": source.read(picture.path), f"{key}.json": row.encode()}
    if truth and (mask := mask_in(source, picture.path)):
        files[f"{key}.mask.png"] = source.read(mask)
    return dict(sorted(files.items()))


class _Shards:
    """The tar files of a part: a new one as soon as a sample would make one too big. Samples are never cut."""

    def __init__(self, folder: Path, part: str, limit: int) -> None:
        self._folder, self._part, self._limit = folder, part, limit
        self._tar: tarfile.TarFile | None = None
        self._count = 0

    def add(self, files: dict[str, bytes]) -> None:
        size = sum(_BLOCK + -(-len(data) // _BLOCK) * _BLOCK for data in files.values())
        if self._tar is not None and self._tar.offset + size + tarfile.RECORDSIZE > self._limit:
            self.close()
        if self._tar is None:
            self._tar = tarfile.open(  # noqa: SIM115 (closed by `close`)
                self._folder / f"{self._part}-{self._count:06d}.tar", "w", format=tarfile.PAX_FORMAT
            )
            self._count += 1
        for name, data in files.items():
            # A TarInfo made by hand has time 0, owner 0 and mode 644: the same samples give the same bytes.
            info = tarfile.TarInfo(name)
            info.size = len(data)
            self._tar.addfile(info, io.BytesIO(data))

    def close(self) -> None:
        if self._tar is not None:
            self._tar.close()
            self._tar = None
