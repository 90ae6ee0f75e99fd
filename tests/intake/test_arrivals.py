from pathlib import Path

from watchdog.events import FileCreatedEvent, FileMovedEvent, FileSystemEventHandler

from docsorter.intake.watch import ArrivalObserver

IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE = 0x40, 0x80, 0x100


def test_arrivals_are_heard_and_departures_are_not(tmp_path: Path) -> None:
    observer = ArrivalObserver()
    observer.schedule(
        FileSystemEventHandler(), str(tmp_path), event_filter=[FileCreatedEvent, FileMovedEvent]
    )
    observer.start()
    try:
        (emitter,) = observer.emitters
        mask = emitter.get_event_mask_from_filter()  # type: ignore[attr-defined] # inotify's own
        assert mask & IN_MOVED_TO
        assert mask & IN_CREATE
        assert not mask & IN_MOVED_FROM
    finally:
        observer.stop()
        observer.join()
