import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import Purpose
from docsorter.errors import ConflictError, NotFoundError, UsageError
from docsorter.resources import starter_bundle_dir
from docsorter.service.engine import load_model
from docsorter.service.explain import Explanation, explain_document, write_heatmap
from docsorter.service.review.service import ReviewService, open_review_service
from docsorter.store.rows import open_entry_row
from docsorter.store.tables import CheckRow, PromiseRow
from tests.service.desk import Desk


def tell(desk: Desk, document_id: int) -> Explanation:
    with open_review_service(desk.configuration, desk.clock) as service:
        return explain_document(desk.configuration, service, document_id)


def promise(desk: Desk, threshold: float | None, **values: object) -> None:
    with desk.store.database.write() as session:
        session.add(
            PromiseRow(
                at=desk.clock.now(), model="test-1", rule="r", threshold=threshold, target=0.01,
                confidence=0.95, checked=300, errors=0, upper_bound=0.0099, why="certified",
                detail={}, **values,
            )
        )  # fmt: skip


def test_it_tells_the_evidence_at_the_time_not_that_of_today(desk: Desk) -> None:
    promise(desk, 0.97)
    desk.clock.advance(60)
    document = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    desk.clock.advance(60)
    promise(desk, None)
    told = tell(desk, document.id)
    assert told.promise is not None
    assert told.promise.threshold == 0.97
    assert told.policy == "auto"
    assert not told.blind
    assert [event.kind for event in told.events][:2] == ["claim_planned", "claimed"]


def test_answers_checks_and_who_learned_are_part_of_it(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    with open_review_service(desk.configuration, desk.clock) as service:
        service.answer(document.id, "invoice", reviewer="anna", uid=1)
    with desk.store.database.write() as session:
        session.add(
            CheckRow(
                document_id=document.id, drawn_at=desk.clock.now(), model="test-1", rule="r",
                source="", label="claim", score=0.5, inclusion=0.25,
            )
        )  # fmt: skip
    desk.store.learning.record_learned("answers-1", {document.id: "invoice"})
    told = tell(desk, document.id)
    assert [answer.label for answer in told.answers] == ["invoice"]
    assert [check.draw.inclusion for check in told.checks] == [0.25]
    assert [(one.model, one.label) for one in told.learned] == [("answers-1", "invoice")]
    assert told.unlearned.corrections == 1  # the model in use is still the starter


def test_nothing_of_the_model_is_told_while_a_blind_answer_is_awaited(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    with desk.store.database.write() as session:
        entry = open_entry_row(session, document.id)
        assert entry is not None
        entry.blind, entry.purpose = True, Purpose.DECIDE
    told = tell(desk, document.id)
    assert told.blind
    assert (told.prediction, told.events, told.policy) == (None, (), "")


def test_a_document_that_is_not_there(configuration: Configuration, clock: ManualClock) -> None:
    service: ReviewService
    with open_review_service(configuration, clock) as service, pytest.raises(NotFoundError):
        explain_document(configuration, service, 99)


@pytest.mark.slow
def test_the_picture_shows_the_page_with_a_legend_and_only_its_owner_may_see_it(
    desk: Desk, tmp_path: Path
) -> None:
    """With the real model, on a real page; also what cannot be drawn is refused."""
    page = next((starter_bundle_dir() / "golden").glob("invoice*.png"))
    document = desk.drop("a.png", page.read_bytes())
    model = load_model(desk.configuration)
    target = tmp_path / "heat.png"
    heat = write_heatmap(desk.configuration, model, document, target)
    assert heat.label == "invoice"
    assert heat.probability > 0.5
    assert heat.without <= heat.probability
    assert "with the strongest region covered" in heat.sentence()
    with Image.open(target) as picture:
        pixels = np.asarray(picture.convert("RGB"), np.int16)
    assert (pixels[..., 0] > pixels[..., 2] + 60).any()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(ConflictError):
        write_heatmap(desk.configuration, model, document, target)
    with pytest.raises(UsageError, match="not at page 2"):
        write_heatmap(desk.configuration, model, document, tmp_path / "b.png", page=1)
    with pytest.raises(UsageError, match="not taught"):
        write_heatmap(desk.configuration, model, document, tmp_path / "b.png", label="tree")
