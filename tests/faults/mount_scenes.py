"""Faults of file systems, on real ones."""

from pathlib import Path

from docsorter.documents import Place
from docsorter.errors import EnvironmentFaultError
from tests.faults.scene import Outcome, scene
from tests.faults.stage import WORDS, Stage

_FOLDERS = (Place.SORTED, Place.REVIEW, Place.REJECTED)
_WATCHES = Path("/proc/sys/user/max_inotify_watches")


@scene("disk full", mounts=True, each=_FOLDERS)
def full_folder(stage: Stage, place: Place) -> Outcome:
    """The disk of a folder fills up to the last byte while nothing warns of it."""
    stage.mount(stage.root(place), "size=1m")
    stage.make()
    stage.root(place).joinpath("invoice").mkdir(exist_ok=True)
    ballast = stage.fill(stage.root(place))
    with stage.running():
        stage.drop("a.pdf", WORDS[place] + b" " + b"x" * 9000)
        stage.waits("disk_full")
        stage.check()
        ballast.unlink()
        stage.settled()
    return Outcome.WAITED


@scene("disk nearly full", mounts=True, each=(Place.SORTED, Place.REVIEW, Place.REJECTED, "state"))
def scarce_folder(stage: Stage, place: Place | str) -> Outcome:
    """Less than service.min_free_mb is left; the heartbeat says so, even on the full disk."""
    folder = stage.state if place == "state" else stage.root(Place(place))
    stage.mount(folder, "size=6m")
    stage.make(least=3)
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.98")
        stage.settled()
        ballast = stage.fill(folder)
        stage.drop("b.pdf", b"invoice 0.97")
        stage.paused("disk_full")
        stage.check()
        ballast.unlink()
        stage.settled()
    return Outcome.PAUSED


@scene("disk full under the database", mounts=True)
def full_state(stage: Stage) -> Outcome:
    """Not a byte is left for the database, and nothing warned of it."""
    stage.mount(stage.state, "size=6m")
    stage.make()
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.98")
        stage.settled()
        ballast = stage.fill(stage.state)
        for number in range(40):
            stage.drop(f"b{number}.pdf", b"invoice 0.97 %d" % number)
        stage.paused("disk_full")
        stage.check()
        ballast.unlink()
        stage.settled()
    return Outcome.PAUSED


@scene("disk full in the inbox", mounts=True)
def full_inbox(stage: Stage) -> Outcome:
    """An inbox that is full to the last byte is emptied, which is what mends it."""
    stage.mount(stage.root(Place.INBOX), "size=1m")
    stage.make(least=10)
    for number in range(20):
        stage.drop(f"{number}.pdf", b"invoice 0.99 %d" % number)
    stage.fill(stage.root(Place.INBOX))
    with stage.running():
        stage.settled()
    return Outcome.CARRIED_ON


@scene("no inodes left", mounts=True, each=_FOLDERS)
def no_inodes(stage: Stage, place: Place) -> Outcome:
    """The disk has room, but can hold no more files."""
    stage.mount(stage.root(place), "size=4m,nr_inodes=12")
    stage.make()
    small = [stage.root(place) / f".small{number}" for number in range(30)]
    made = [path for path in small if _touched(path)]
    with stage.running():
        stage.drop("a.pdf", WORDS[place])
        beat = stage.paused("disk_full")
        assert "no inodes left" in beat.paused, beat
        stage.check()
        for path in made:
            path.unlink()
        stage.settled()
    return Outcome.PAUSED


def _touched(path: Path) -> bool:
    try:
        path.touch()
    except OSError:
        return False
    return True


@scene("read-only", mounts=True, each=(Place.INBOX, *_FOLDERS))
def read_only(stage: Stage, place: Place) -> Outcome:
    """The kernel mounts a file system read-only after an error."""
    folder = stage.root(place)
    stage.mount(folder)
    stage.make()
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.99")
        stage.settled()
        if place is Place.INBOX:  # it came before, and cannot be claimed
            stage.drop("b.pdf", b"invoice 0.98")
        stage.remount(folder, "ro")
        if place is not Place.INBOX:
            stage.drop("b.pdf", WORDS[place] + b" more")
        stage.paused("read_only")
        stage.remount(folder, "rw")
        stage.settled()
    return Outcome.PAUSED


@scene("state folder read-only at start", mounts=True)
def read_only_state(stage: Stage) -> Outcome:
    """Without a database there is nothing to be done safely."""
    stage.mount(stage.state, "size=6m")
    stage.make()
    stage.drop("a.pdf", b"invoice 0.99")
    stage.remount(stage.state, "ro")
    stage.refused(EnvironmentFaultError, "read-only", remedy="make room")
    stage.remount(stage.state, "rw")
    stage.check()
    with stage.running():
        stage.settled()
    return Outcome.REFUSED


@scene("unmounted and back", mounts=True, each=(Place.INBOX, *_FOLDERS))
def unmounted(stage: Stage, place: Place) -> Outcome:
    """A share goes away, leaving its empty mount point, and comes back with what it held."""
    share, folder = stage.folder / "share", stage.root(place)
    share.mkdir()
    stage.mount(folder, source=share)
    stage.make()
    with stage.running():
        stage.drop("a.pdf", WORDS.get(place, b"invoice 0.99"))
        stage.settled()
        stage.unmount(folder)
        stage.paused("storage_gone")
        if place is not Place.INBOX:
            stage.drop("b.pdf", WORDS[place] + b" more")
        stage.until(lambda: stage.beat().paused, "it stays paused")
        assert not [p for p in folder.rglob("*") if p.is_file()], "written under the mount point"
        stage.mount(folder, source=share)
        if place is Place.INBOX:
            stage.drop("b.pdf", b"invoice 0.97")
        stage.settled()
    return Outcome.PAUSED


@scene("not mounted at start", mounts=True, each=(Place.INBOX, Place.SORTED))
def unmounted_at_start(stage: Stage, place: Place) -> Outcome:
    """The machine starts without the share: an empty mount point is no workspace."""
    share, folder = stage.folder / "share", stage.root(place)
    share.mkdir()
    stage.mount(folder, source=share)
    stage.make()
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.99")
        stage.settled()
    stage.unmount(folder)
    stage.refused(EnvironmentFaultError, "nothing is mounted there now", remedy="mount it again")
    stage.mount(folder, source=share)
    with stage.running():
        stage.drop("b.pdf", b"invoice 0.97")
        stage.settled()
    return Outcome.REFUSED


@scene("on another device", mounts=True, each=("inbox", "sorted", "review", "state", "spool"))
def other_device(stage: Stage, place: str) -> Outcome:
    """One folder is on another disk than the rest: renames do not reach it."""
    folder = stage.state if place == "state" else stage.root(Place(place))
    stage.mount(folder, "size=6m")
    return _all_kinds(stage)


@scene("on another bind mount of one disk", mounts=True)
def bind_mounts(stage: Stage) -> Outcome:
    """Every folder has the same device number, and still no rename goes across."""
    for place in (Place.INBOX, *_FOLDERS):
        source = stage.folder / "disk" / place
        source.mkdir(parents=True)
        stage.mount(stage.root(place), source=source)
    return _all_kinds(stage)


def _all_kinds(stage: Stage) -> Outcome:
    stage.make()
    with stage.running():
        for place, word in WORDS.items():
            stage.drop(f"{place}.pdf", word + b" " + place.encode() * 3000)
        stage.settled()
    assert {d.place for d in stage.documents()} == set(WORDS)
    return Outcome.CARRIED_ON


@scene("inotify watches used up at start", mounts=True)
def no_watches(stage: Stage) -> Outcome:
    """The inbox itself cannot be watched; once the limit is lifted it is, without a restart."""
    stage.make()
    before = _WATCHES.read_text()
    _WATCHES.write_text("0")
    try:
        with stage.running():
            stage.drop("a.pdf", b"invoice 0.99")
            stage.settled()
            beat = stage.beat()
            assert beat.watcher == "polling, every 0.3 s", beat
            assert "sysctl" in beat.watch_note, beat
            _WATCHES.write_text(before)
            stage.until(lambda: stage.beat().watcher == "inotify", "the watch is back")
            assert not stage.beat().watch_note
    finally:
        _WATCHES.write_text(before)
    return Outcome.CARRIED_ON


@scene("inotify watches used up by sub-folders", mounts=True)
def too_few_watches(stage: Stage) -> Outcome:
    """watchdog leaves sub-folders out without a word; rescans carry on, and status says so."""
    stage.make(rescan=60)
    inbox = stage.root(Place.INBOX)
    for number in range(9):
        (inbox / f"scanner-{number}").mkdir()
    before = _WATCHES.read_text()
    _WATCHES.write_text("5")
    try:
        with stage.running():
            stage.until(lambda: "not watched" in stage.beat().watch_note, "the gap is noticed")
            for number in range(9):
                stage.drop(f"scanner-{number}/a.pdf", b"invoice 0.99 %d" % number)
            stage.settled()
            _WATCHES.write_text(before)
            stage.until(lambda: not stage.beat().watch_note, "the watch is complete again")
    finally:
        _WATCHES.write_text(before)
    return Outcome.CARRIED_ON
