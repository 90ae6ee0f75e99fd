"""What the trunk says of pages and of augmented views of them, kept on disk by content.

One file per document: an interrupted run goes on at the document where it was, and a document that
was there before costs nothing again.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import tensorflow as tf

from docsorter.model.bundle import digest
from docsorter.settings import PagesSettings
from docsorter.training.augment import augment
from docsorter.training.batches import in_chunks, prefetched
from docsorter.training.dataset import Sample
from docsorter.training.network import Network
from docsorter.training.rasters import BASE, RasterCache
from docsorter.training.untyped import Compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Run = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]

_DOCUMENTS_AT_ONCE: Final = 8


class Viewer:
    """Shows documents to the frozen trunk.

    Args:
        network: Its trunk must be the one the folder was begun with.
        cache: Has the pages.
        folder: Where features and maps are kept.
        seed: Of the augmentation.
    """

    def __init__(self, network: Network, cache: RasterCache, folder: Path, seed: int) -> None:
        self._size = network.size
        self._cache = cache
        self._folder = folder
        self._seed = seed
        self._run = _runner(network)

    def features(
        self,
        samples: Sequence[Sample],
        views: range,
        progress: Callable[[int, int], None],
        *,
        maps: bool = False,
    ) -> "NDArray[np.float32]":
        """Return pooled features of first pages.

        Args:
            samples: The documents.
            views: View 0 is the page as it is, every other number an augmentation of its own.
            progress: Is told how many documents are done, and of how many.
            maps: Whether the maps of the cut are kept too, for tuning; see `map_files`.

        Returns:
            (n, views, F) float32.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        files = [self._place(sample, views) for sample in samples]
        todo = [row for row, file in enumerate(files) if not _complete(file, maps=maps)]
        done = len(samples) - len(todo)
        chunks = [todo[rows] for rows in in_chunks(len(todo), _DOCUMENTS_AT_ONCE)]
        made = prefetched(
            lambda number: [self._pages(samples[row], views) for row in chunks[number]],
            range(len(chunks)),
        )
        for rows, pages in zip(chunks, made, strict=True):
            found, features = self._run(np.concatenate(pages))
            for place, row in enumerate(rows):
                here = slice(place * len(views), (place + 1) * len(views))
                if maps:
                    _write(_maps_of(files[row]), found[here].astype(np.float16))
                _write(files[row], features[here])
            done += len(rows)
            progress(done, len(samples))
        return np.stack([np.load(file, allow_pickle=False) for file in files])

    def map_files(self, samples: Sequence[Sample], views: range) -> list[Path]:
        """Return where the maps of documents are kept, each (views, h, w, c) float16."""
        return [_maps_of(self._place(sample, views)) for sample in samples]

    def _place(self, sample: Sample, views: range) -> Path:
        """Return where the features of a document are kept; the name depends on its bytes."""
        name = f"{digest(sample.path)[:32]}-{views.start}-{views.stop}-{self._seed}.npy"
        return self._folder / name

    def _pages(self, sample: Sample, views: range) -> "NDArray[np.uint8]":
        key = int(digest(sample.path)[:16], 16)
        pages = []
        for view in views:
            if view == 0:
                pages.append(first_page(self._cache, sample.path, self._size))
            else:
                square = self._cache.pages(sample.path, BASE)[0]
                rng = np.random.default_rng([self._seed, key, view])
                pages.append(augment(square, self._size, rng))
        return np.stack(pages)


def _runner(network: Network) -> "_Run":
    def forward(pixels: Compiled) -> Compiled:
        maps = network.lower(network.scale(pixels), training=False)
        return tf.cast(maps, tf.float32), network.pool(network.above_cut(maps))

    # One signature for every number of pages: building the graph takes seconds.
    signature = tf.TensorSpec((None, network.size, network.size, 3), tf.uint8)
    compiled = tf.function(forward, autograph=False, input_signature=[signature])

    def run(pixels: "NDArray[np.uint8]") -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
        parts = [compiled(tf.constant(pixels[rows])) for rows in in_chunks(len(pixels), 32)]
        maps = np.concatenate([np.asarray(part[0]) for part in parts])
        return maps, np.concatenate([np.asarray(part[1]) for part in parts])

    return run


def first_page(cache: RasterCache, path: Path, size: int) -> "NDArray[np.uint8]":
    """Return the first page, read together with those that the exported model is asked about."""
    pages: NDArray[np.uint8] = cache.pages(path, size, cap=PagesSettings().page_cap)
    return pages[0]


def _complete(file: Path, *, maps: bool) -> bool:
    return file.is_file() and (not maps or _maps_of(file).is_file())


def _maps_of(file: Path) -> Path:
    return file.with_suffix(".maps.npy")


def _write(path: Path, array: "NDArray[np.generic]") -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
    part.replace(path)
