"""People and scanners that drop files while the daemon is being killed."""

import os
import random
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.torture.scene import Drops, paper

_LABELS: Final = (("invoice", 0.99), ("letter", 0.95), ("claim", 0.5), ("nonsense", 0.0))
_NAMES: Final = ("scan.pdf", "scan-2.pdf", "desk/scan.pdf", "Rechnung März.pdf", "fax.tif")


class Writer(threading.Thread):
    """Drops a number of documents in one of the ways in which files arrive.

    Args:
        inbox: Where.
        drops: Gets everything that was dropped, once it is whole.
        lock: Guards `drops`.
        number: Of this writer, so that its documents are its own.
        count: How many to drop.
        seed: Of its choices.
    """

    def __init__(
        self, inbox: Path, drops: Drops, lock: threading.Lock, number: int, count: int, seed: int
    ) -> None:
        super().__init__(name=f"writer {number}", daemon=True)
        self._inbox = inbox
        self._drops = drops
        self._lock = lock
        self._number = number
        self._count = count
        self._choice = random.Random(f"{seed} {number}")
        self._last = b""

    def run(self) -> None:
        """Drop them all, with a little time between them."""
        for turn in range(self._count):
            content = self._content(turn)
            (self._slowly if self._choice.random() < 0.4 else self._at_once)(content)
            with self._lock:
                self._drops.add(content)
            time.sleep(self._choice.uniform(0.0, 0.05))

    def _content(self, turn: int) -> bytes:
        """Make a document of its own, or in one of six cases the last one again."""
        if self._last and self._choice.random() < 1 / 6:
            return self._last
        label, confidence = self._choice.choice(_LABELS)
        number = self._number * 10_000 + turn
        size = self._choice.choice((10, 3_000, 9_000))
        self._last = paper(label, confidence, number, size)
        return self._last

    def _free(self) -> tuple[int, Path]:
        """Open a new file under one of a few names that everybody uses; never an old one."""
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
        for turn in range(10_000):
            wanted = self._inbox / self._choice.choice(_NAMES)
            name = wanted.name if turn < 3 else f"{self._number}-{turn}-{wanted.name}"
            path = wanted.with_name(name)
            path.parent.mkdir(exist_ok=True)
            with suppress(FileExistsError):
                return os.open(path, flags, 0o640), path
        raise AssertionError("no free name")

    def _slowly(self, content: bytes) -> None:
        """Write bit by bit under the final name, as a scanner does over a share."""
        descriptor, _ = self._free()
        step = max(1, len(content) // 6)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for at in range(0, len(content), step):
                file.write(content[at : at + step])
                time.sleep(self._choice.uniform(0.0, 0.02))

    def _at_once(self, content: bytes) -> None:
        """Write aside, then give the name in one step, as careful programs do."""
        part = self._inbox / f".{self._number}.part"
        part.write_bytes(content)
        descriptor, path = self._free()
        os.close(descriptor)
        os.replace(part, path)  # noqa: PTH105 -- over our own empty file
