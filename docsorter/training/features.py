"""What the frozen part of the network says of pages, computed once and kept on disk."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.training.batches import in_chunks, prefetched
from docsorter.training.network import Network
from docsorter.training.taught import inputs_of, pooled, runner
from docsorter.training.untyped import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOG: Final = logging.getLogger(__name__)
_CHUNK: Final = 32


def cached_maps(
    network: Network, page: "Callable[[int], NDArray[np.uint8]]", length: int, path: Path
) -> "NDArray[np.float16]":
    """Return maps of the cut for pages 0 to length - 1, from disk as far as they are there.

    An interrupted run goes on where it was: rows of zeros are rows not yet computed.

    Args:
        network: Its lower trunk must be the one that began the file.
        page: Gives a page, (size, size, 3) uint8.
        length: How many pages.
        path: The `.npy` file.

    Returns:
        (length, 17, 17, 768) float16 for pages of 299 pixels, mapped from disk.
    """
    shape = (length, *network.upper.input_shape[1:])
    if path.is_file():
        maps = np.load(path, mmap_mode="r+", allow_pickle=False)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        maps = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    if maps.shape != shape:
        path.unlink()
        return cached_maps(network, page, length, path)
    inputs = inputs_of(network, "all")
    run = runner(inputs, network.lower(network.scale(inputs), training=False))
    todo = [rows for rows in in_chunks(length, _CHUNK) if not maps[rows.stop - 1].any()]
    made = prefetched(
        lambda k: np.stack([page(i) for i in range(todo[k].start, todo[k].stop)]),
        range(len(todo)),
    )
    for count, (rows, pixels) in enumerate(zip(todo, made, strict=True), 1):
        maps[rows] = run(pixels).astype(np.float16)
        if count % 20 == 0:
            _LOG.info("features: %d of %d chunks", count, len(todo))
    return maps


def pooled_features(network: Network, maps: Tensor) -> "NDArray[np.float32]":
    """Return pooled features (n, 2048) of cached maps, through the upper blocks as they are."""
    inputs = inputs_of(network, "upper")
    run = runner(inputs, pooled(network, "upper", inputs))
    return np.concatenate([run(maps[rows]) for rows in in_chunks(len(maps), _CHUNK)])
