"""Putting a model to use and taking it back: checked here first, then one small file is replaced.

The file is replaced in one rename, which is the promotion; the line in the log follows it. A crash
between the two leaves the promotion standing, with its own record of who, when and why.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.deliver.permissions import permissions
from docsorter.disk import Disk
from docsorter.documents import Place
from docsorter.errors import ConflictError, ModelError, UsageError
from docsorter.model.promotion import PROMOTED, Promotion, PromotionFile, Promotions
from docsorter.model.registry import STARTER, InUse, ModelRegistry
from docsorter.service import earning_words as words
from docsorter.service.engine import LoadedModel, load_model
from docsorter.service.learning.candidates import Candidates
from docsorter.service.learning.snapshot_folders import Snapshots
from docsorter.service.model_changes import Changed, changed, check_labels
from docsorter.service.position import read
from docsorter.store import Store

_BY_HAND: Final = "put to use by hand"


@dataclass(frozen=True, slots=True)
class Person:
    """Who does it: Unix user name and number."""

    name: str
    uid: int


class Promoter:
    """Changes the model in use.

    Args:
        configuration: The workspace.
        store: Whose log gets a line.
        clock: Dates what is written.
        disk: Writes it.
    """

    def __init__(
        self, configuration: Configuration, store: Store, clock: Clock, disk: Disk | None = None
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._template = configuration.settings.deliver.template
        models = configuration.state / "models"
        mode = permissions(configuration.settings)[Place.SPOOL].file_mode
        self._registry = ModelRegistry(models)
        self._file = PromotionFile(models, disk, mode=mode)

    def promote(self, name: str, person: Person, *, reason: str = "") -> Changed:
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

    def rollback(self, person: Person, *, reason: str = "") -> Changed:
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
    ) -> Changed:
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
        self._store.add_event(kind, actor=person.name, detail=detail)
        return self._changed(promotion, model, before)

    def _settle(self, name: str, reason: str) -> None:
        """A candidate that is in use waits no more: nothing is drawn for it any longer."""
        candidates = Candidates(Snapshots(self._configuration.state))
        waiting = candidates.waiting()
        if waiting is not None and waiting.name == name:
            candidates.settle(waiting, "promoted", self._clock.now(), reason or _BY_HAND)

    def _changed(self, promotion: Promotion | None, model: LoadedModel, before: InUse) -> Changed:
        """Say what another model changes, and what is promised of it from now on."""
        made = changed(promotion, model, before, self._template)
        settings = self._configuration.settings
        if settings.decide.autonomy != "earned":
            return made
        position = read(self._store, model.rule_key, settings.promise.pilot_documents)
        note = words.with_evidence_of_its_own(position.threshold)
        return dataclasses.replace(
            made, statement=position.says(settings.promise), notes=(*made.notes, note)
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


def _refuse_path(name: str) -> None:
    if name == PROMOTED or Path(name).name != name or name[0] in ".~":
        raise UsageError(
            f"{name!r} is not the name of a bundle in the state folder",
            remedy="take a folder in first: docsorter model add PATH; docsorter model list "
            "shows the names",
        )


def _earlier(history: Promotions) -> Promotion | None:
    """Return the promotion below the last one, None for the starter.

    Raises:
        ConflictError: The starter is in use already.
    """
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
