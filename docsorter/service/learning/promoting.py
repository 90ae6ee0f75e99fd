"""Putting a model to use and taking it back, and waiting until the daemon uses it.

The file is replaced in one rename, which is the promotion; the line in the log follows it. A crash
between the two leaves the promotion standing, with its own record of who, when and why.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.permissions import permissions
from docsorter.documents import Place
from docsorter.errors import ConflictError, DocsorterError, ModelError, UsageError
from docsorter.filesystem import Disk
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.registry import (
    PROMOTED,
    STARTER,
    InUse,
    ModelRegistry,
    Promotion,
    PromotionFile,
    Promotions,
)
from docsorter.review.choices import check_label
from docsorter.service.engine import LoadedModel, load_model
from docsorter.service.learning.candidates import Candidates
from docsorter.service.learning.snapshots import Snapshots
from docsorter.service.promise.evidence import read_promise_state
from docsorter.service.workspace import process
from docsorter.service.workspace.process import WorkspaceLock
from docsorter.store import Store

_BY_HAND: Final = "put to use by hand"
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ModelChange:
    """What a promotion or a rollback changed.

    Attributes:
        promotion: What was written down; None when the model was in use already.
        golden_difference: Greatest difference of a probability on them.
        previous: Name of the bundle before.
        appeared: Labels that the bundle before did not have.
        vanished: Labels that only the bundle before had.
    """

    promotion: Promotion | None
    bundle: str
    model: str
    fingerprint: str
    statement: str
    golden_difference: float
    previous: str
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Who does it: Unix user name and number."""

    name: str
    uid: int


class Promoter:
    """Changes the model in use."""

    def __init__(
        self, configuration: Configuration, store: Store, clock: Clock, disk: Disk | None = None
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        models = configuration.state / "models"
        mode = permissions(configuration.settings)[Place.SPOOL].file_mode
        self._registry = ModelRegistry(models)
        self._file = PromotionFile(models, disk, mode=mode)

    def promote(self, name: str, person: Person, *, reason: str = "") -> ModelChange:
        """Put a bundle to use, after the same checks as the daemon makes when it loads it.

        Raises:
            ModelError: The bundle is missing or damaged, answers its golden pages differently on
                this machine, or has labels that cannot be folders.
            SettingsError: The settings do not fit it.
            UsageError: It is named by a path, or the settings pin a model.
        """
        self._refuse_pinned()
        _refuse_path(name)
        with self._file.locked():
            before = self._before()
            model = load_model(self._configuration, name)
            check_labels(model.card)
            current = self._file.read().current
            same = before.name == name and (
                model.fingerprint == current.fingerprint if current else True
            )
            if same:
                done = self._changed(None, model, before)
            else:
                done = self._write("promote", model, before, person, reason)
        self._settle(name, reason)
        return done

    def rollback(self, person: Person, *, reason: str = "") -> ModelChange:
        """Put the bundle to use again that was in use before the last promotion.

        Raises:
            ConflictError: There is nothing before, or somebody else changed the model meanwhile.
            ModelError: The bundle before is missing, damaged or was replaced.
            UsageError: The settings pin a model.
        """
        self._refuse_pinned()
        seen = self._file.read()
        with self._file.locked():
            history = self._file.read()
            if history != seen:
                who = history.acts[-1].by if history.acts else "somebody"
                raise ConflictError(
                    f"{who} changed the model meanwhile: {self._before().name} is in use now",
                    remedy="look at it with: docsorter model list",
                )
            earlier = _earlier(history)
            model = load_model(self._configuration, STARTER if earlier is None else earlier.bundle)
            if earlier is not None and earlier.bundle != STARTER:
                _refuse_other(model, earlier)
            return self._write("rollback", model, self._before(), person, reason)

    def _before(self) -> InUse:
        """Return what is in use, also when its folder is gone: that must not keep it in use."""
        try:
            return self._registry.in_use(PROMOTED)
        except ModelError:
            current = self._file.read().current
            if current is None:
                raise
            return InUse(current.bundle, Path(), current)

    def _write(
        self, act: str, model: LoadedModel, before: InUse, person: Person, reason: str
    ) -> ModelChange:
        promotion = Promotion(
            act="promote" if act == "promote" else "rollback",
            bundle=model.name,
            model=model.card.name,
            fingerprint=model.fingerprint,
            previous=before.name,
            at=self._clock.now(),
            by=person.name,
            uid=person.uid,
            reason=reason,
            golden_difference=model.golden_difference,
        )
        self._file.append(promotion)
        detail: dict[str, object] = {
            "bundle": model.name,
            "model": model.card.name,
            "fingerprint": model.fingerprint,
            "previous": before.name,
            "uid": person.uid,
        }
        kind = "model_promoted" if act == "promote" else "model_rolled_back"
        self._store.documents.add_event(kind, actor=person.name, detail=detail)
        return self._changed(promotion, model, before)

    def _settle(self, name: str, reason: str) -> None:
        """A candidate that is in use waits no more: nothing is drawn for it any longer."""
        candidates = Candidates(Snapshots(self._configuration.state))
        waiting = candidates.waiting()
        if waiting is not None and waiting.name == name:
            candidates.settle(waiting, "promoted", self._clock.now(), reason or _BY_HAND)

    def _changed(
        self, promotion: Promotion | None, model: LoadedModel, before: InUse
    ) -> ModelChange:
        """Say what another model changes, and what is promised of it from now on."""
        names = self._store.documents.label_names()
        new, old = (
            tuple(dict.fromkeys(names.get(label, label) for label in labels))
            for labels in (model.card.labels, _labels(before.path))
        )
        appeared = tuple(label for label in new if label not in old) if old else ()
        vanished = tuple(label for label in old if label not in new)
        notes = _notes(appeared, vanished, self._configuration.settings.deliver.template)
        statement = model.statement
        settings = self._configuration.settings
        if settings.decide.autonomy == "earned":
            pilot = settings.promise.pilot_documents
            state = read_promise_state(self._store, model.rule_key, pilot)
            statement = state.summary(settings.promise)
            notes.append(_evidence_note(state.threshold))
        return ModelChange(
            promotion,
            bundle=model.name,
            model=model.card.name,
            fingerprint=model.fingerprint,
            statement=statement,
            golden_difference=model.golden_difference,
            previous=before.name,
            appeared=appeared,
            vanished=vanished,
            notes=tuple(notes),
        )

    def _refuse_pinned(self) -> None:
        """Refuse what would have no effect."""
        setting = self._configuration.settings.model.bundle
        if setting == PROMOTED:
            return
        origin = self._configuration.origins.get("model.bundle", "settings")
        raise UsageError(
            f'the model is pinned: model.bundle = "{setting}" ({origin})',
            remedy='take model.bundle out of there, or set it to "promoted"',
        )


def check_labels(card: ModelCard) -> None:
    """Refuse labels that cannot be folders, or that would share one."""
    for number, label in enumerate(card.labels):
        try:
            check_label(label, card.labels[:number], new=True)
        except UsageError as error:
            raise ModelError(
                f"the model {card.name} cannot be used: {error.message}", remedy=error.remedy
            ) from error


def _notes(appeared: tuple[str, ...], vanished: tuple[str, ...], template: str) -> list[str]:
    notes = []
    if appeared and "{label" not in template:
        notes.append(
            f"deliver.template {template!r} does not use {{label}}: documents of "
            f"{', '.join(appeared)} go among all others"
        )
    folded = {label.casefold(): label for label in vanished}
    notes += [
        f"{label} was written {folded[label.casefold()]} before: they are two folders now"
        for label in appeared
        if label.casefold() in folded
    ]
    if vanished:
        notes.append("documents sorted under labels that are gone stay where they are")
    return notes


def _evidence_note(threshold: float | None) -> str:
    note = "nothing of its own is certified: everything goes to a person until it is"
    if threshold is not None:
        sure = f"with a confidence of {threshold:.4f} a document is sorted alone"
        note = f"its own checks count: {sure}"
    return f"{note}; the evidence of the model before is kept and counts again with it"


def _labels(bundle: Path) -> tuple[str, ...]:
    try:
        return read_card(bundle / CARD).labels
    except DocsorterError:
        return ()


def _refuse_path(name: str) -> None:
    if name == PROMOTED or Path(name).name != name or name[0] in ".~":
        raise UsageError(
            f"{name!r} is not the name of a bundle in the state folder",
            remedy="take a folder in first: docsorter model add PATH; docsorter model list "
            "shows the names",
        )


def _earlier(history: Promotions) -> Promotion | None:
    """Return the promotion below the last one, None for the starter."""
    stack = history.stack()
    if not stack:
        raise ConflictError(
            "there is no model before this one: nothing was promoted, the starter is in use",
            remedy="docsorter model promote NAME puts another to use",
        )
    return stack[-2] if len(stack) > 1 else None


def _refuse_other(model: LoadedModel, earlier: Promotion) -> None:
    if model.fingerprint != earlier.fingerprint:
        raise ModelError(
            f"the model bundle {earlier.bundle} was replaced since {earlier.by} promoted it at "
            f"{earlier.at:%Y-%m-%d %H:%M} UTC: it is not what was in use",
            remedy=f"to use what is there now: docsorter model promote {earlier.bundle}",
        )


class Uptake(StrEnum):
    """What became of a promotion in the daemon."""

    USED = "used"
    REFUSED = "refused"
    NO_DAEMON = "no daemon"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class DaemonUptake:
    """How the waiting ended.

    Attributes:
        text: For REFUSED why, else "".
    """

    uptake: Uptake
    seconds: float
    text: str = ""


def wait_for_daemon(
    configuration: Configuration,
    fingerprint: str,
    *,
    patience: float = 60.0,
    clock: Clock | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> DaemonUptake:
    """Wait until the daemon's heartbeat names a model, at most `patience` seconds."""
    clock = clock or SystemClock()
    began = clock.monotonic()
    lock = WorkspaceLock(configuration.state)
    while True:
        seconds = clock.monotonic() - began
        if lock.holder() is None:
            return DaemonUptake(Uptake.NO_DAEMON, seconds)
        beat = process.read_health(configuration.state)
        if beat is not None and beat.fingerprint == fingerprint:
            return DaemonUptake(Uptake.USED, seconds)
        if beat is not None and beat.refused == fingerprint:
            return DaemonUptake(Uptake.REFUSED, seconds, beat.model_trouble)
        if seconds > patience:
            return DaemonUptake(Uptake.SILENT, seconds)
        pause(_POLL_SECONDS)
