"""Several documents laid aside with a key and answered together."""

from docsorter.documents import State
from tests.cli.reviewer.scene import Scene, Shown, run


def test_marked_documents_get_one_label_and_one_batch_and_big_u_takes_them_back(
    scene: Scene,
) -> None:
    documents = scene.wait("invoice-1.png", "claim-2.png", "letter-3.png")

    async def drive(shown: Shown) -> None:
        await shown.press("m", "space")
        assert "2 marked" in shown.text("#top")
        assert shown.name == "letter-3.png"
        await shown.press("a")
        assert "What are invoice-1.png, claim-2.png?" in "\n".join(shown.lines())
        await shown.press("2", "enter")
        await shown.settle()
        assert "2 together: claim" in shown.status
        assert "marked" not in shown.text("#top")
        answers = [scene.desk.store.review.answers(each.id) for each in documents[:2]]
        assert len({answer.batch for each in answers for answer in each}) == 1
        assert [len(each) for each in answers] == [1, 1]
        assert all(scene.now(each).path.startswith("claim/") for each in documents[:2])

        await shown.press("U")
        assert "2 together: taken back" in shown.status
        assert [scene.now(each).state for each in documents] == [State.REVIEW] * 3
        await shown.press("U")
        assert "answered no documents together" in shown.status

    run(scene, drive)


def test_one_that_cannot_be_answered_does_not_keep_the_others(scene: Scene) -> None:
    gone, other = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        await shown.press("m", "m")
        scene.desk.path(gone).unlink()
        await shown.press("a", "1", "enter")
        await shown.settle()
        assert "1 together: invoice" in shown.status
        assert "1 not: " in shown.status
        assert shown.name == "invoice-1.png"  # it comes again

    run(scene, drive)
    assert scene.now(gone).state is State.REVIEW
    assert scene.now(other).path.startswith("invoice/")


def test_big_m_shows_what_was_marked_again(scene: Scene) -> None:
    scene.wait("invoice-1.png", "claim-2.png", "letter-3.png")

    async def drive(shown: Shown) -> None:
        await shown.press("m", "m", "M")
        assert shown.name == "invoice-1.png"
        assert "marked" not in shown.text("#top")
        await shown.press("s")
        assert shown.name == "claim-2.png"
        await shown.press("M")
        assert "nothing is marked" in shown.status
        await shown.press("a")
        assert "nothing is marked" in shown.status

    run(scene, drive)


def test_what_is_marked_goes_back_to_the_queue_at_the_end(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press("m")
        assert scene.desk.store.review.entry_for_document(document.id).lease_owner == "ada"
        await shown.press("q")

    run(scene, drive)
    assert scene.desk.store.review.entry_for_document(document.id).lease_owner is None


def test_a_page_that_has_only_just_come_is_not_marked(scene: Scene) -> None:
    scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        await shown.press("m")
        assert "look first" in shown.status
        assert shown.name == "invoice-1.png"

    run(scene, drive, least=3600.0)


def test_seconds_from_the_page_to_the_answer_are_kept(scene: Scene) -> None:
    documents = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        await shown.press("1", "m", "a", "1", "enter")
        await shown.settle()

    run(scene, drive)
    for document in documents:
        (answer,) = scene.desk.store.review.answers(document.id)
        assert answer.seconds is not None
        assert 0 <= answer.seconds < 600
