"""A disk that loses what was not flushed: which states may a power cut leave?

The model is that of Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014), with the
guarantees that journaling file systems (ext4, XFS, btrfs) give and no more:

* fsync of a file keeps its bytes, size, mode and time; not its name.
* fsync of a folder keeps every name made, changed or removed in it until then.
* Anything else may be kept or lost, each write block by block, each name on its own, in any order
  except these: changes of one name follow each other, a name needs its folder, a folder that was
  removed was empty.
* A rename, also between folders, happens as a whole or not at all.
"""

import os
import random
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from tests.torture.inodes import File, Inode, Keep, Naming, Slot, rename_all
from tests.torture.recording import Operation

_ROOT: Final = 0


class DiskModel:
    """A folder on a disk, at one moment of a recording.

    Args:
        root: A real folder, which is taken as it is, flushed.
    """

    def __init__(self, root: Path) -> None:
        self._root = PurePosixPath(root)
        self._inodes: dict[int, Inode] = {_ROOT: Inode(folder=True, mode=0o700)}
        self._names: dict[Slot, int] = {}
        self._sure: dict[Slot, int] = {}
        self._history: list[Naming] = []
        self._last: dict[Slot, Naming] = {}
        self._touching: dict[int, list[Naming]] = {}
        self._made: dict[int, Naming] = {}
        self._load(root, _ROOT, {})
        self._sure = dict(self._names)

    def _load(self, folder: Path, number: int, known: dict[int, int]) -> None:
        """Take over a folder; `known` has the number of each inode, for files with two names."""
        for entry in sorted(folder.iterdir()):
            status = entry.lstat()
            mode = stat.S_IMODE(status.st_mode)
            if entry.is_dir():
                child = self._add(Inode(folder=True, mode=mode))
                self._names[number, entry.name] = child
                self._load(entry, child, known)
            elif status.st_ino in known:
                self._names[number, entry.name] = known[status.st_ino]
            else:
                data = entry.read_bytes()
                inode = Inode(False, bytearray(data), data, [], mode, status.st_mtime_ns)
                known[status.st_ino] = self._names[number, entry.name] = self._add(inode)

    def apply(self, operation: Operation) -> None:
        """Do what was recorded; what the system would have refused does nothing."""
        getattr(self, f"_do_{operation.name}")(operation)

    def files(self) -> Iterator[File]:
        """Yield what the process itself saw."""
        yield from self._walk(self._names, lambda inode: bytes(inode.content))

    def after_power_cut(self, keep_name: Keep, keep_bytes: Keep) -> list[File]:
        """Return what a disk may hold that keeps of the unflushed what it is told to keep."""
        names = dict(self._sure)
        kept: set[int] = set()
        for naming in self._history:
            is_possible = all(id(other) in kept for other in naming.needs)
            if naming.sure or (is_possible and keep_name()):
                kept.add(id(naming))
                rename_all(names, naming.changes)
        return list(self._walk(names, lambda inode: inode.after(keep_bytes)))

    def _walk(self, names: dict[Slot, int], content: Callable[[Inode], bytes]) -> Iterator[File]:
        entries: dict[int, list[tuple[str, int]]] = {}
        known: dict[int, bytes] = {}  # all names of a file have the same bytes
        for (folder, name), number in names.items():
            entries.setdefault(folder, []).append((name, number))
        waiting = [(_ROOT, "")]
        while waiting:
            folder, path = waiting.pop()
            for name, number in sorted(entries.get(folder, [])):
                inode, where = self._inodes[number], f"{path}{name}"
                if not inode.folder and number not in known:
                    known[number] = content(inode)
                yield File(where, known.get(number), inode.mode, inode.mtime_ns, number)
                if inode.folder:
                    waiting.append((number, f"{where}/"))

    def _add(self, inode: Inode) -> int:
        number = len(self._inodes)
        self._inodes[number] = inode
        return number

    def _place(self, path: str) -> Slot | None:
        """Return folder and name of a path; None when its folder is not there."""
        parts = PurePosixPath(path).relative_to(self._root).parts
        folder = _ROOT
        for part in parts[:-1]:
            found = self._names.get((folder, part))
            if found is None:
                return None
            folder = found
        return folder, parts[-1]

    def _number(self, path: str) -> int | None:
        if PurePosixPath(path) == self._root:
            return _ROOT
        place = self._place(path)
        return None if place is None else self._names.get(place)

    def _inode(self, path: str) -> Inode | None:
        number = self._number(path)
        return None if number is None else self._inodes[number]

    def _name(self, changes: dict[Slot, int | None], needs: list[Naming] | None = None) -> Naming:
        before = list(needs or [])
        for folder, name in changes:
            before += [n for n in (self._last.get((folder, name)),) if n is not None]
            before += [n for n in (self._made.get(folder),) if n is not None]
        naming = Naming(changes, before)
        self._history.append(naming)
        for folder, name in changes:
            self._last[folder, name] = naming
            self._touching.setdefault(folder, []).append(naming)
        rename_all(self._names, changes)
        return naming

    def _do_openat(self, operation: Operation) -> None:
        place = self._place(operation.paths[0])
        number = self._number(operation.paths[0])
        if number is not None:
            is_new = operation.number & os.O_EXCL and operation.number & os.O_CREAT
            if operation.number & os.O_TRUNC and not is_new and self._inodes[number].content:
                self._inodes[number].resize(0)
        elif place is not None and operation.number & os.O_CREAT:
            self._name({place: self._add(Inode())})

    def _do_write(self, operation: Operation) -> None:
        inode = self._inode(operation.paths[0])
        assert inode is not None, operation.paths
        inode.write(operation.number, operation.data)

    def _do_truncate(self, operation: Operation) -> None:
        inode = self._inode(operation.paths[0])
        assert inode is not None, operation.paths
        inode.resize(operation.number)

    def _do_fsync(self, operation: Operation) -> None:
        number = self._number(operation.paths[0])
        if number is None:
            return
        if self._inodes[number].folder:
            for naming in self._touching.get(number, []):
                naming.settle()
        else:
            self._inodes[number].flush()

    def _do_rename(self, operation: Operation) -> None:
        source, target = (self._place(path) for path in operation.paths)
        number = self._number(operation.paths[0])
        if source is None or target is None or number is None:
            return
        there = self._names.get(target)
        if there is not None and (operation.exclusive or there == number):
            return
        self._name({source: None, target: number})

    def _do_link(self, operation: Operation) -> None:
        number, target = self._number(operation.paths[0]), self._place(operation.paths[1])
        if number is not None and target is not None and target not in self._names:
            self._name({target: number})

    def _do_unlink(self, operation: Operation) -> None:
        place = self._place(operation.paths[0])
        if place is not None and place in self._names:
            self._name({place: None})

    def _do_mkdir(self, operation: Operation) -> None:
        place = self._place(operation.paths[0])
        if place is not None and place not in self._names:
            number = self._add(Inode(folder=True, mode=0o700))
            self._made[number] = self._name({place: number})

    def _do_rmdir(self, operation: Operation) -> None:
        place, number = self._place(operation.paths[0]), self._number(operation.paths[0])
        if place is None or number is None or any(folder == number for folder, _ in self._names):
            return
        self._name({place: None}, self._touching.get(number))

    def _do_chmod(self, operation: Operation) -> None:
        inode = self._inode(operation.paths[0])
        if inode is not None:
            inode.mode = operation.number

    def _do_utime(self, operation: Operation) -> None:
        inode = self._inode(operation.paths[0])
        if inode is not None:
            inode.mtime_ns = None if operation.number < 0 else operation.number


def write_out(files: list[File], folder: Path) -> None:
    """Make a real folder of what a disk holds."""
    folder.mkdir(mode=0o700)
    first: dict[int, Path] = {}
    for file in files:
        path = folder / file.path
        if file.content is None:
            path.mkdir()
        elif file.inode in first:
            path.hardlink_to(first[file.inode])
        else:
            first[file.inode] = path
            path.write_bytes(file.content)
            if file.mtime_ns is not None:
                os.utime(path, ns=(file.mtime_ns, file.mtime_ns))
        path.chmod(file.mode)


def coin(share: float, choice: random.Random) -> Keep:
    """Return what keeps about that share."""
    return lambda: choice.random() < share
