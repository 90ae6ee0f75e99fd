"""What `status` says beside the counts: what waits, what changed, what is not learned yet."""

from dataclasses import dataclass

from docsorter.configuration import Configuration
from docsorter.errors import DocsorterError
from docsorter.service.learning.candidates import Candidate, Candidates, candidate_line
from docsorter.service.learning.snapshots import (
    Snapshots,
    UntrainedAnswers,
    count_untrained_answers,
)
from docsorter.service.promise.drift import DriftReport, read_report
from docsorter.service.promise.scanner_hold import ScannerHold
from docsorter.service.review.service import ReviewService

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Notices:
    """What was noticed.

    Attributes:
        unlearned: What the model in use has not learned; None when it cannot be asked.
        candidate: A model that waits for checks.
        drift: The last weekly comparison.
        held_scanners: New scanners whose documents go to people, with their checks that were right.
    """

    unlearned: UntrainedAnswers | None
    candidate: Candidate | None
    drift: DriftReport | None
    held_scanners: dict[str, int]

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values."""
        return {
            "unlearned": self.unlearned,
            "candidate": self.candidate.model_dump(mode="json") if self.candidate else None,
            "drift": self.drift.model_dump(mode="json") if self.drift else None,
            "probation": self.held_scanners,
        }

    def lines(self) -> list[str]:
        """Return the lines that a person reads; nothing noticed, nothing said."""
        found = []
        if self.unlearned is not None and self.unlearned.corrections:
            found.append(f"learning  {self.unlearned.sentence()}")
        if self.candidate is not None:
            found.append(f"candidate {candidate_line(self.candidate)}: docsorter retrain")
        if self.drift is not None:
            texts = [finding.text for finding in self.drift.findings]
            texts += [f"new scanner: {one.scanner}" for one in self.drift.scanners]
            found += [f"DRIFT     {text}" for text in texts[:_SHOWN]]
            if len(texts) > _SHOWN:
                found.append(f"          and {len(texts) - _SHOWN} more: docsorter drift")
        found += [
            f"SCANNER   {name} is new and held for people: {right} checks right so far"
            for name, right in self.held_scanners.items()
        ]
        return found


def notices_of(configuration: Configuration, service: ReviewService) -> Notices:
    """Gather what was noticed; asks for nothing that takes long."""
    settings, store = configuration.settings, service.store
    try:
        found = count_untrained_answers(store, service.card.name)
        candidate = Candidates(Snapshots(configuration.state)).waiting()
    except DocsorterError:
        found, candidate = None, None
    hold = ScannerHold(configuration.state, store, settings.drift.probation_checks)
    return Notices(found, candidate, read_report(configuration.state), hold.held())
