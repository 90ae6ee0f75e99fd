"""Labels renamed and merged: files, store, models and settings follow, and all comes back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from docsorter.documents import Document, Place, Prediction, State
from docsorter.errors import ConflictError, NotFoundError, UsageError
from docsorter.review.items import QueueSource, suggestion, why
from docsorter.service.explain import explain_document
from docsorter.service.review.labels import Labels, Relabelled
from docsorter.service.review.service import ReviewService
from docsorter.service.review.session import LeaseTimes, Reviewer, ReviewSession
from docsorter.service.upkeep.verify import Verifier
from docsorter.store import Draw, blind_checks, rows
from tests.service.desk import Desk


def silent(_: int) -> None:
    pass


@pytest.fixture
def service(desk: Desk) -> ReviewService:
    return ReviewService(desk.configuration, desk.store, desk.mover)


@pytest.fixture
def labels(service: ReviewService) -> Labels:
    return Labels(service, actor="ada")


def change(labels: Labels, old: str, new: str, *, merge: bool = False) -> Relabelled:
    return labels.follow(labels.begin(old, new, merge=merge), silent)


def take_back(labels: Labels) -> Relabelled:
    return labels.follow(labels.take_back(labels.last()), silent)


def sort(desk: Desk, name: str, label: str, sure: float = 0.95) -> Document:
    return desk.pipeline.handle(desk.drop(name, f"{label} {sure} {name}".encode()).id)


def now(desk: Desk, document: Document) -> Document:
    return desk.store.documents.get(document.id)


def label_of(desk: Desk, document: Document) -> str | None:
    verdict = now(desk, document).verdict
    return None if verdict is None else verdict.label


def sound(desk: Desk) -> bool:
    return Verifier(desk.configuration, desk.store, clock=desk.clock).verify().findings == []


def snapshot(desk: Desk) -> dict[str, str]:
    root = desk.configuration.root(Place.SORTED)
    return {name: (root / name).read_text() for name in desk.files(Place.SORTED)}


def test_a_renamed_label_takes_its_files_and_sidecars_along(desk: Desk, labels: Labels) -> None:
    done, other = sort(desk, "a.pdf", "claim"), sort(desk, "b.pdf", "letter")
    before = desk.path(done).read_bytes()
    moved = change(labels, "claim", "insurance claim")
    assert [each.id for each in moved.moved] == [done.id]
    assert now(desk, done).path.startswith("insurance claim/")
    assert desk.path(now(desk, done)).read_bytes() == before
    sidecar = json.loads(desk.path(now(desk, done)).with_name("a.pdf.json").read_text())
    assert sidecar["verdict"]["label"] == "insurance claim"
    assert sidecar["prediction"]["label"] == "insurance claim"
    assert set(sidecar["prediction"]["probabilities"]) == {"invoice", "insurance claim", "letter"}
    assert sidecar["statement"] == "a statement"
    assert not (desk.configuration.root(Place.SORTED) / "claim").exists()
    assert now(desk, other).path.startswith("letter/")
    assert desk.store.documents.counts().labels["insurance claim"] == 1
    assert sound(desk)


def test_a_model_that_says_the_old_label_sorts_to_the_new_one_at_once(
    desk: Desk, labels: Labels
) -> None:
    change(labels, "claim", "Schaden")
    done = sort(desk, "a.pdf", "claim")
    assert now(desk, done).path.startswith("Schaden/")
    verdict = now(desk, done).verdict
    assert verdict is not None
    assert verdict.label == "Schaden"
    assert "(claim is Schaden now)" in verdict.reason.text
    seen = desk.store.documents.prediction(done.id)
    assert seen is not None
    assert seen.label == "claim"  # what the model said is kept as it said it
    sidecar = json.loads(desk.path(now(desk, done)).with_name("a.pdf.json").read_text())
    assert sidecar["prediction"]["label"] == sidecar["verdict"]["label"] == "Schaden"


def test_what_waits_is_suggested_and_answered_under_the_new_name(
    desk: Desk, service: ReviewService, labels: Labels
) -> None:
    earlier = sort(desk, "a.pdf", "claim", 0.6)
    change(labels, "claim", "Schaden")
    later = sort(desk, "b.pdf", "claim", 0.6)
    session = ReviewSession(
        service,
        QueueSource(desk.store, owner="ada", seconds=600),
        reviewer=Reviewer("ada", 1000),
        patience=LeaseTimes(),
    )
    offered = session.offered()
    assert [each.label for each in offered] == ["invoice", "Schaden", "letter"]
    for document in (earlier, later):
        item = session.take()
        assert item is not None
        assert suggestion(item, offered) == "Schaden"
        assert why(item).endswith("(claim is Schaden now)")
        session.answer(item, "Schaden")
        assert now(desk, document).path.startswith("Schaden/")
    # A screen that was open before still offers the old name.
    third = sort(desk, "c.pdf", "claim", 0.6)
    assert service.answer(third.id, "claim", reviewer="ada", uid=1).path.startswith("Schaden/")
    found = desk.store.learning.answered_documents()
    assert {one.label for one in found} == {"Schaden"}
    assert all((one.guess, one.predicted, one.agreeing) == ("Schaden", "", 1) for one in found)


def test_an_answer_given_before_is_learned_under_the_new_name(
    desk: Desk, service: ReviewService, labels: Labels
) -> None:
    document = sort(desk, "a.pdf", "claim", 0.6)
    service.answer(document.id, "claim", reviewer="ben", uid=2)
    change(labels, "claim", "Schaden")
    (learned,) = desk.store.learning.answered_documents()
    assert (learned.label, learned.guess, learned.disputed) == ("Schaden", "Schaden", False)


def test_a_rename_is_taken_back_by_undo_or_by_its_reverse(desk: Desk, labels: Labels) -> None:
    sort(desk, "a.pdf", "claim")
    sort(desk, "b.pdf", "claim")
    before = snapshot(desk)
    change(labels, "claim", "Schaden")
    assert snapshot(desk) != before
    late, waits = sort(desk, "late.pdf", "claim"), sort(desk, "w.pdf", "claim", 0.6)
    assert now(desk, late).path.startswith("Schaden/")
    take_back(labels)
    assert now(desk, late).path.startswith("claim/")
    assert label_of(desk, waits) == "claim"
    assert desk.store.labels.waiting() == {"claim": 1}
    after = snapshot(desk)
    assert {name: after[name] for name in before} == before
    assert not (desk.configuration.root(Place.SORTED) / "Schaden").exists()
    before = after
    change(labels, "claim", "Schaden")
    change(labels, "Schaden", "claim")
    assert set(snapshot(desk)) == set(before)
    assert desk.store.documents.label_names() == {"Schaden": "claim"}
    assert sound(desk)


def test_a_merge_is_undone_for_just_the_documents_that_it_moved(
    desk: Desk, service: ReviewService, labels: Labels
) -> None:
    claims = [sort(desk, f"{n}.pdf", "claim") for n in range(3)]
    letters = [sort(desk, f"{n}.pdf", "letter") for n in range(3)]  # the names collide
    answered = sort(desk, "x.pdf", "claim", 0.6)
    service.answer(answered.id, "claim", reviewer="ben", uid=2)
    before = snapshot(desk)
    change(labels, "claim", "letter", merge=True)
    assert {label_of(desk, each) for each in (*claims, *letters, answered)} == {"letter"}
    assert len({now(desk, each).path for each in (*claims, *letters)}) == 6
    assert service.labels == ("invoice", "letter")
    late = sort(desk, "late.pdf", "claim")
    assert now(desk, late).path.startswith("letter/")
    take_back(labels)
    assert {label_of(desk, each) for each in (*claims, answered)} == {"claim"}
    assert {label_of(desk, each) for each in (*letters, late)} == {"letter"}
    assert {k: v for k, v in snapshot(desk).items() if "late" not in k} == before
    assert [a.label for a in desk.store.review.answers(answered.id)] == ["claim"]
    assert sort(desk, "again.pdf", "claim").path.startswith("claim/")
    assert sound(desk)


def test_of_merged_labels_no_confidence_is_added_where_it_sorts(desk: Desk, labels: Labels) -> None:
    change(labels, "claim", "letter", merge=True)
    unsure = sort(desk, "a.pdf", "claim", 0.6)  # with what it gives letters it would be surer
    assert unsure.state is State.REVIEW
    entry = desk.store.review.entry_for_document(unsure.id)
    assert entry.prediction is not None
    shares = dict(entry.prediction.ranked)
    assert shares == {"letter": pytest.approx(0.8), "invoice": pytest.approx(0.2)}


def test_chains_lead_to_the_name_of_today_and_never_in_a_circle(desk: Desk, labels: Labels) -> None:
    for old, new in (("claim", "b"), ("b", "c"), ("c", "claim"), ("claim", "d")):
        change(labels, old, new)
    assert desk.store.documents.label_names() == {"claim": "d", "b": "d", "c": "d"}
    assert sort(desk, "a.pdf", "claim").path.startswith("d/")


@pytest.mark.parametrize(
    ("old", "new", "how", "why"),
    [
        ("claim", "letter", "rename", "there is a label letter already"),
        ("claim", "claim", "rename", "called so already"),
        ("clam", "x", "rename", "there is no label 'clam'"),
        ("claim", "postcard", "merge", "there is no label 'postcard'"),
        ("claim", "../x", "rename", "cannot be a label"),
        ("claim", "", "rename", "cannot be a label"),
        ("claim", ".hidden", "rename", "cannot be a label"),
        ("claim", "Letter", "rename", "written differently"),
        ("claim", "other", "rename", "none of the labels"),
        ("other", "x", "rename", "there is no label 'other'"),
        ("strange", "x", "rename", "there is no label 'strange'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(
    desk: Desk, labels: Labels, old: str, new: str, how: str, why: str
) -> None:
    done = sort(desk, "a.pdf", "claim")
    with pytest.raises(UsageError, match=why):
        labels.begin(old, new, merge=how == "merge")
    assert desk.store.labels.changes() == []
    assert now(desk, done) == done


def test_a_name_that_models_still_say_is_not_given_to_another_label(
    desk: Desk, labels: Labels
) -> None:
    change(labels, "claim", "Schaden")
    with pytest.raises(UsageError, match="claim is Schaden now"):
        labels.begin("letter", "claim", merge=False)
    with pytest.raises(UsageError, match="claim is Schaden now"):
        labels.begin("claim", "y", merge=False)


def test_a_label_may_change_its_case(desk: Desk, labels: Labels) -> None:
    done = sort(desk, "a.pdf", "claim")
    change(labels, "claim", "Claim")
    assert now(desk, done).path.startswith("Claim/")
    take_back(labels)
    assert now(desk, done).path.startswith("claim/")


def test_what_was_moved_or_changed_by_hand_is_told_and_left_alone(
    desk: Desk, labels: Labels
) -> None:
    gone, changed, fine = (sort(desk, f"{n}.pdf", "claim") for n in range(3))
    desk.path(gone).unlink()
    desk.path(changed).write_bytes(b"another page")
    moved = change(labels, "claim", "Schaden")
    assert [each.id for each in moved.moved] == [fine.id]
    assert ["by hand" in str(each.error) for each in moved.left] == [True, True]
    assert desk.path(changed).read_bytes() == b"another page"
    assert label_of(desk, changed) == "claim"
    lines = {line.label: line for line in labels.listing()}
    assert lines["Schaden"].sorted == 3
    assert lines["Schaden"].formerly == ("claim",)


def test_stopped_at_any_step_the_same_command_goes_on(
    desk: Desk, service: ReviewService, labels: Labels, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [sort(desk, f"{n}.pdf", "claim") for n in range(4)]
    stops: list[Callable[[], None]] = []

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    begun = labels.begin("claim", "Schaden", merge=False)
    with monkeypatch.context() as patch:
        patch.setattr(desk.store.moves, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            labels.follow(begun, silent)
    assert not stops
    again = labels.begin("claim", "Schaden", merge=False)
    assert again.id == begun.id
    labels.follow(again, silent)
    assert {label_of(desk, each) for each in documents} == {"Schaden"}
    assert sound(desk)
    with monkeypatch.context() as patch:
        patch.setattr(desk.store.labels, "plan", stop)
        with pytest.raises(KeyboardInterrupt):
            take_back(labels)
    take_back(labels)
    assert {label_of(desk, each) for each in documents} == {"claim"}
    assert sound(desk)
    with pytest.raises(NotFoundError, match="no label was renamed"):
        labels.last()


def test_a_label_whose_blind_checks_are_open_waits_for_them(desk: Desk, labels: Labels) -> None:
    done = sort(desk, "a.pdf", "claim")
    with desk.store.database.write() as session:
        row = rows.document_columns(session.connection(), done.id)
        drawn = Draw("rule", "test-1", "claim", 0.95, 0.5)
        blind_checks.draw(session, row, drawn, desk.clock.now())
    with pytest.raises(ConflictError, match="1 blind checks of claim are not answered yet"):
        labels.begin("claim", "Schaden", merge=False)


def test_a_label_that_was_renamed_while_a_document_is_decided_is_not_used(
    desk: Desk, labels: Labels
) -> None:
    document = desk.drop("a.pdf", b"claim 0.95")
    seen: list[Path] = []

    def rename(path: Path) -> None:
        if not seen:
            seen.append(path)
            labels.begin("claim", "Schaden", merge=False)

    desk.reader.before_answer = rename
    assert desk.pipeline.handle(document.id).path.startswith("Schaden/")


def test_without_the_label_in_its_path_a_document_stays_and_its_sidecar_follows(
    desk: Desk, service: ReviewService
) -> None:
    settings = desk.configuration.settings
    delivery = settings.deliver.model_copy(update={"template": "{received:%Y}/{name}"})
    plain = settings.model_copy(update={"deliver": delivery})
    object.__setattr__(desk.configuration, "settings", plain)
    desk._settings = plain
    desk.pipeline = desk.make_pipeline()
    labels = Labels(service, actor="ada")
    labels._settings = plain
    done = sort(desk, "a.pdf", "claim")
    before = snapshot(desk)
    change(labels, "claim", "Schaden")
    assert now(desk, done).path == done.path
    assert label_of(desk, done) == "Schaden"
    assert '"label": "Schaden"' in snapshot(desk)[f"{done.path}.json"]
    take_back(labels)
    assert snapshot(desk) == before
    assert label_of(desk, done) == "claim"


def test_a_prediction_is_read_in_the_labels_of_today() -> None:
    seen = Prediction("m", ("a", "b", "c"), (0.5, 0.3, 0.2), 1.0, ())
    assert seen.renamed({"x": "y"}) is seen
    assert seen.renamed({"a": "c"}).ranked == (("c", 0.7), ("b", 0.3))


def test_an_explanation_is_in_the_labels_of_today(
    desk: Desk, service: ReviewService, labels: Labels
) -> None:
    done = sort(desk, "a.pdf", "claim", 0.6)
    change(labels, "claim", "letter", merge=True)
    told = explain_document(desk.configuration, service, done.id)
    assert told.prediction is not None
    label, share = told.prediction.ranked[0]
    assert (label, round(share, 6)) == ("letter", 0.8)
    assert told.policy == "auto"


def test_what_models_say_of_none_of_the_labels_is_never_renamed(
    desk: Desk, service: ReviewService, labels: Labels
) -> None:
    document = sort(desk, "a.pdf", "claim", 0.6)
    service.answer(document.id, "other", reviewer="ada", uid=1, new_label=True)
    for old, new, merge in (("other", "x", False), ("other", "claim", True)):
        with pytest.raises(UsageError, match="none of the labels"):
            labels.begin(old, new, merge=merge)
    with pytest.raises(UsageError, match="none of the labels"):
        labels.begin("claim", "other", merge=True)
