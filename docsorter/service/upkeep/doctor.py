"""`docsorter doctor`: check everything docsorter depends on, and say what to do about trouble."""

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from docsorter.clock import SystemClock
from docsorter.configuration import Configuration
from docsorter.documents import Place
from docsorter.errors import DocsorterError
from docsorter.filesystem import file_system, is_network_or_virtual
from docsorter.intake.watch import inotify_limits
from docsorter.pages.reader import installed_languages, ocr_packages, sandbox_report
from docsorter.service.engine import load_model
from docsorter.service.promise.report import alarm_words, last_alarm, report
from docsorter.service.tone import read_lexicons
from docsorter.service.workspace import process
from docsorter.service.workspace.layout import free_megabytes, open_workspace_store
from docsorter.service.workspace.process import WorkspaceLock
from docsorter.store.words import can_be_kept

_MIN_WATCHES = 8192


class Level(StrEnum):
    """How bad a finding is."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was checked."""

    level: Level
    subject: str
    text: str
    remedy: str = ""


def diagnose(configuration: Configuration) -> list[Diagnosis]:
    """Run every check; a check that breaks becomes a finding itself."""
    findings: list[Diagnosis] = []
    checks: tuple[Callable[[Configuration], Iterator[Diagnosis]], ...] = (
        _poppler,
        _words,
        _tone,
        _folders,
        _file_systems,
        _inotify,
        _database,
        _model,
        _promise,
        _sandbox,
        _daemon,
    )
    for check in checks:
        try:
            findings.extend(check(configuration))
        except DocsorterError as error:
            subject = check.__name__.strip("_").replace("_", " ")
            findings.append(Diagnosis(Level.BAD, subject, error.message, error.remedy))
    return findings


def _poppler(_: Configuration) -> Iterator[Diagnosis]:
    for program in ("pdftoppm", "pdfinfo"):
        path = shutil.which(program)
        if path is None:
            yield Diagnosis(
                Level.BAD, program, "not installed; PDF files cannot be read",
                "apt install poppler-utils",
            )  # fmt: skip
            continue
        shown = subprocess.run(
            [path, "-v"], capture_output=True, text=True, check=False, timeout=10
        )
        version = (shown.stderr or shown.stdout).splitlines()[0]
        yield Diagnosis(Level.GOOD, program, version.strip())


def _words(configuration: Configuration) -> Iterator[Diagnosis]:
    settings = configuration.settings.words
    there = installed_languages(settings.languages)
    missing = [language for language in settings.languages if language not in there]
    if settings.read == "never":
        return
    if there:
        yield Diagnosis(Level.GOOD, "words", f"Tesseract reads {', '.join(there)}")
    if missing:
        yield Diagnosis(
            Level.NOTE, "words", f"Tesseract does not read {', '.join(missing)} here: such scans "
            "are sorted by their looks alone",
            f"apt install {' '.join(ocr_packages(missing))}, or change words.languages",
        )  # fmt: skip


def _tone(configuration: Configuration) -> Iterator[Diagnosis]:
    if configuration.settings.review.tone == "hint":
        yield Diagnosis(Level.GOOD, "tone", f"lexicons: {', '.join(read_lexicons())}")


def _folders(configuration: Configuration) -> Iterator[Diagnosis]:
    least = configuration.settings.service.min_free_mb
    for place in Place:
        root = configuration.root(place)
        if not root.is_dir():
            yield Diagnosis(
                Level.BAD, place, f"{root} is missing",
                f"mount it, or run: docsorter init {configuration.workspace}",
            )  # fmt: skip
        elif not os.access(root, os.R_OK | os.W_OK | os.X_OK):
            yield Diagnosis(
                Level.BAD, place, f"no permission to read and write {root}",
                f"as its owner: chmod u+rwx {root}, or add this user to its group",
            )  # fmt: skip
        elif (free := free_megabytes(root)) < least:
            yield Diagnosis(
                Level.BAD, place, f"only {free:.0f} MB free, {least:.0f} are needed",
                "make room, or lower service.min_free_mb",
            )  # fmt: skip
        else:
            yield Diagnosis(Level.GOOD, place, f"{root}, {free:,.0f} MB free")


def _file_systems(configuration: Configuration) -> Iterator[Diagnosis]:
    inbox = configuration.root(Place.INBOX)
    kind = file_system(inbox).kind
    if is_network_or_virtual(inbox):
        seconds = configuration.settings.intake.poll_seconds
        text = f"the inbox is on {kind}, which reports no events: polling every {seconds:g} s"
        yield Diagnosis(Level.NOTE, "events", text)
    else:
        yield Diagnosis(Level.GOOD, "events", f"the inbox is on {kind}")
    state = file_system(configuration.state)
    if state.remote and not configuration.settings.store.url:
        yield Diagnosis(
            Level.BAD, "state", f"the database would be on {state.kind}, which corrupts it",
            "set places.state to a folder on a local disk",
        )  # fmt: skip
    else:
        yield Diagnosis(Level.GOOD, "state", f"on {state.kind}")


def _inotify(_: Configuration) -> Iterator[Diagnosis]:
    watches = inotify_limits().max_user_watches
    if watches is None:
        yield Diagnosis(Level.NOTE, "inotify", "limits unknown; the rescan finds every file anyway")
    elif watches < _MIN_WATCHES:
        yield Diagnosis(
            Level.NOTE, "inotify", f"only {watches} watches per user",
            "sysctl fs.inotify.max_user_watches=65536",
        )  # fmt: skip
    else:
        yield Diagnosis(Level.GOOD, "inotify", f"{watches} watches per user")


def _database(configuration: Configuration) -> Iterator[Diagnosis]:
    with open_workspace_store(configuration) as store:
        with store.database.read() as session:
            can_keep = can_be_kept(session)
        if configuration.settings.words.keep and not can_keep:
            yield Diagnosis(
                Level.NOTE, "words", "this SQLite has no FTS5: no words are kept and searched",
                "run docsorter with a Python whose SQLite has it",
            )  # fmt: skip
        troubles = store.upkeep.integrity_check()
        for trouble in troubles:
            yield Diagnosis(
                Level.BAD, "database", trouble,
                f"stop the daemon and restore the newest file in {configuration.state / 'backups'}",
            )  # fmt: skip
        if not troubles:
            counts = store.documents.counts()
            size = store.upkeep.size() / 2**20
            yield Diagnosis(
                Level.GOOD, "database", f"sound, {counts.total} documents, {size:.1f} MB"
            )


def _model(configuration: Configuration) -> Iterator[Diagnosis]:
    model = load_model(configuration)
    text = f"{model.card.name}: checksums right, golden pages answer as they should"
    yield Diagnosis(Level.GOOD, "model", text)


def _promise(configuration: Configuration) -> Iterator[Diagnosis]:
    with open_workspace_store(configuration) as store:
        found = report(configuration, store, SystemClock().now())
        alarm = last_alarm(store)
    if alarm is not None:
        yield Diagnosis(
            Level.BAD, "promise", f"alarm: {alarm_words(alarm)}",
            "docsorter promise; look at what was wrong, and consider another model",
        )  # fmt: skip
    else:
        yield Diagnosis(Level.GOOD, "promise", found.statement)
    if found.unanswered:
        yield Diagnosis(
            Level.NOTE, "evidence",
            f"{len(found.unanswered)} drawn documents are not answered and hold evidence up",
            "docsorter review; docsorter promise names them",
        )  # fmt: skip


def _sandbox(_: Configuration) -> Iterator[Diagnosis]:
    for name, text in sandbox_report().items():
        missing = text.startswith("not ")
        yield Diagnosis(Level.NOTE if missing else Level.GOOD, f"sandbox {name}", text)


def _daemon(configuration: Configuration) -> Iterator[Diagnosis]:
    pid = WorkspaceLock(configuration.state).holder()
    beat = process.read_health(configuration.state)
    if pid is None:
        remedy = f"docsorter run {configuration.workspace}"
        yield Diagnosis(Level.NOTE, "daemon", "not running; nothing is sorted", remedy)
    elif beat is None or beat.is_stale(SystemClock().now()):
        since = "" if beat is None else f" since {beat.beat_at.astimezone(dt.UTC):%H:%M:%S} UTC"
        yield Diagnosis(
            Level.BAD, "daemon", f"process {pid} holds the workspace and has not reported{since}",
            f"look at its log, then: kill {pid}",
        )  # fmt: skip
    elif beat.paused:
        yield Diagnosis(Level.BAD, "daemon", f"process {pid} waits: {beat.paused}")
    elif beat.model_trouble:
        yield Diagnosis(
            Level.BAD, "daemon", f"the promoted model is not used: {beat.model_trouble}",
            "docsorter model rollback goes back to the model before",
        )  # fmt: skip
    else:
        yield Diagnosis(Level.GOOD, "daemon", f"process {pid} runs, {beat.watcher}")
