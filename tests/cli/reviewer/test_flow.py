"""What goes wrong while somebody decides: said in the status line, and nothing is changed."""

import asyncio
import errno
from concurrent.futures import Future

import pytest

from docsorter.deliver.mover import Mover
from docsorter.deliver.transfer import FaultPoint
from docsorter.documents import Place, State
from docsorter.errors import ConflictError
from docsorter.filesystem import Disk
from docsorter.review.items import Item, QueueSource
from docsorter.store import ReviewFilter
from tests.cli.reviewer.scene import Scene, Shown, run


def test_two_reviewers_never_hold_the_same_document(scene: Scene) -> None:
    documents = scene.wait(*(f"claim-{number}.png" for number in range(8)))

    async def both() -> None:
        async with scene.screen("ada") as ada, scene.screen("bob") as bob:
            for _ in range(4):
                held = [_held(ada), _held(bob)]
                assert not held[0] & held[1]
                await ada.pilot.press("1")
                await bob.pilot.press("2")
                await ada.settle()
                await bob.settle()

    asyncio.run(both())
    done = [scene.now(document) for document in documents]
    assert {each.state for each in done} == {State.SORTED}
    for each in done:
        assert each.path.startswith("invoice/" if each.answered_by == "ada" else "claim/")
        assert len(scene.desk.store.review.answers(each.id)) == 1


def _held(shown: Shown) -> set[int]:
    flow = shown.screen.flow
    items = [*([flow.item] if flow.item else []), *flow._prefetcher.next]
    return {item.document.id for item in items}


def test_two_screens_of_one_person_do_not_collide_either(scene: Scene) -> None:
    scene.wait("invoice-1.png", "claim-2.png", "letter-3.png", "claim-4.png", "letter-5.png")

    async def both() -> None:
        async with scene.screen("ada") as one, scene.screen("ada") as two:
            assert one.name == "invoice-1.png"
            assert two.name == "letter-5.png"
            assert not _held(one) & _held(two)

    asyncio.run(both())


def test_what_is_looked_at_stays_held(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        for _ in range(5):
            scene.desk.clock.advance(400)  # of the 600 s of a lease
            await shown.screen.flow.renew()
        entry = scene.desk.store.review.entry_for_document(document.id)
        assert entry.lease_expires_at is not None
        assert entry.lease_expires_at > scene.desk.clock.now()

    run(scene, drive)


def test_a_lease_that_ran_out_while_the_machine_slept_is_said_and_nothing_is_answered(
    scene: Scene,
) -> None:
    document, _ = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        scene.desk.clock.advance(601)
        scene.desk.store.review.lease(
            scene.desk.store.review.entry_for_document(document.id).id, owner="bob", seconds=60
        )
        await shown.screen.flow.renew()
        await shown.settle()
        assert "somebody else may have it; any key shows the next one" in shown.status
        await shown.press("1")
        assert shown.name == "claim-2.png"

    run(scene, drive)
    assert scene.now(document).state is State.REVIEW
    assert scene.desk.store.review.entry_for_document(document.id).lease_owner == "bob"


def test_an_answer_after_somebody_else_took_over_changes_nothing(scene: Scene) -> None:
    document, _ = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        scene.desk.clock.advance(601)
        entry = scene.desk.store.review.entry_for_document(document.id)
        scene.desk.store.review.lease(entry.id, owner="bob", seconds=60)
        await shown.press("1")
        assert "is not decided" in shown.status
        assert shown.name == "claim-2.png"

    run(scene, drive)
    assert scene.now(document).state is State.REVIEW
    assert scene.desk.store.review.answers(document.id) == []


def test_a_lease_that_ran_out_unnoticed_still_answers_while_nobody_took_it(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        scene.desk.clock.advance(3600)
        await shown.press("1")

    run(scene, drive)
    assert scene.now(document).state is State.SORTED


def test_a_file_moved_by_hand_is_said_and_its_document_still_waits(scene: Scene) -> None:
    document, _ = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        scene.desk.path(document).unlink()
        await shown.press("1")
        assert shown.status.startswith("! invoice-1.png is not decided")
        assert shown.name == "claim-2.png"

    run(scene, drive)
    assert scene.now(document).state is State.REVIEW
    assert scene.desk.files(Place.SORTED) == []


def test_an_undo_of_a_file_moved_by_hand_is_said_and_the_next_undo_goes_on(scene: Scene) -> None:
    first, second = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        await shown.press("1", "1")
        scene.desk.path(scene.now(second)).rename(scene.desk.configuration.workspace / "mine.png")
        await shown.press("u")
        assert "no longer at" in shown.status
        await shown.press("u")
        assert shown.name == "invoice-1.png"

    run(scene, drive)
    assert scene.now(second).state is State.SORTED
    assert scene.now(first).state is State.REVIEW


def test_a_document_somebody_else_answered_meanwhile_is_dropped(scene: Scene) -> None:
    document, _ = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        # the same person at another terminal, without a lease: allowed, for it is theirs
        scene.service().answer(document.id, "letter", reviewer="ada", uid=1000)
        await shown.press("1")
        assert "does not wait for a person" in shown.status
        assert shown.name == "claim-2.png"

    run(scene, drive)
    assert scene.now(document).path.startswith("letter/")


def test_a_queue_emptied_meanwhile_is_said_and_what_comes_later_is_shown(scene: Scene) -> None:
    scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press("1")
        assert "nothing waits for you" in "".join(shown.lines())
        await shown.press("1", "enter", "s", "x", "o", "plus", "pagedown", "r")
        scene.wait("letter-9.png")
        await shown.screen.flow.look_for_more()
        await shown.settle()
        assert shown.name == "letter-9.png"

    run(scene, drive)


def test_what_others_hold_is_not_called_nothing(scene: Scene) -> None:
    scene.wait("invoice-1.png")
    scene.session("bob").take()

    async def drive(shown: Shown) -> None:
        assert "others hold the 1 that wait" in "".join(shown.lines())

    run(scene, drive, size=(120, 40))


@pytest.mark.parametrize("step", [FaultPoint.FOLDER, FaultPoint.RENAME])
def test_a_read_only_destination_is_said_and_the_document_comes_again(
    scene: Scene, step: FaultPoint
) -> None:
    (document,) = scene.wait("invoice-1.png")
    broken = [True]

    def read_only(point: str) -> None:
        if point == f"{step}:before" and broken:
            raise OSError(errno.EROFS, "Read-only file system")

    desk = scene.desk
    desk.mover = Mover(
        desk.store,
        Disk(),
        {place: desk.configuration.root(place) for place in Place},
        desk.configuration.settings,
        desk.clock,
        at=read_only,
    )

    async def drive(shown: Shown) -> None:
        await shown.press("1")
        assert "stays where it was" in shown.status
        assert "read-only" in shown.status
        assert shown.name == "invoice-1.png"
        assert scene.now(document).state is State.REVIEW
        assert scene.desk.store.moves.planned_for(document.id) is None
        assert scene.desk.files(Place.SORTED) == []
        broken.clear()
        await shown.press("1")

    run(scene, drive)
    assert scene.now(document).state is State.SORTED


def test_a_label_that_the_model_lost_meanwhile_is_refused(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        shown.screen.flow.answer("receipt")
        await shown.settle()
        assert "no label 'receipt'" in shown.status
        assert shown.name == "invoice-1.png"

    run(scene, drive)
    assert scene.now(document).state is State.REVIEW


def test_a_key_held_down_does_not_decide_what_nobody_has_seen(scene: Scene) -> None:
    first, second = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        shown.screen.flow._shown.since = -1e9  # the first one was looked at long enough
        await shown.press("1", "1", "1")
        assert "look first" in shown.status

    run(scene, drive, least=3600.0)
    assert scene.now(first).state is State.SORTED
    assert scene.now(second).state is State.REVIEW


def test_a_page_that_is_not_there_yet_cannot_be_answered(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")
    gate: Future[None] = Future()
    scene.reader.held = gate

    async def drive(shown: Shown) -> None:
        while not shown.name:
            await shown.pilot.pause()
        await shown.pilot.press("1")
        assert "reading page 1 …" in "".join(shown.lines())
        assert "look first" in shown.status
        gate.set_result(None)
        await shown.settle()
        assert shown.screen.page_view.shows_page

    run(scene, drive, settle=False)
    assert scene.now(document).state is State.REVIEW


def test_a_page_that_cannot_be_read_is_said_and_can_be_answered(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png", pages=1)
    scene.desk.path(document).rename(scene.desk.path(document).with_name("gone.png"))

    async def drive(shown: Shown) -> None:
        assert "cannot be shown" in "".join(shown.lines())

    run(scene, drive)


class BlindEverySecond:
    """Mixes blind checks into the queue."""

    def __init__(self, queue: QueueSource) -> None:
        self._queue = queue
        self._count = 0

    def take(self, wanted: ReviewFilter) -> Item | None:
        item = self._queue.take(wanted)
        self._count += 1
        return item if item is None or self._count % 2 else Item(item.lease, blind=True)


def test_a_blind_check_shows_neither_suggestion_nor_probabilities(scene: Scene) -> None:
    _, second = scene.wait("invoice-1.png", "claim-2.png")
    queue = QueueSource(scene.desk.store, owner="ada", seconds=600)

    async def drive(shown: Shown) -> None:
        await shown.press("enter")
        assert shown.name == "claim-2.png"
        screen = "\n".join(shown.lines())
        assert "a check" in shown.panel
        for telling in ("0.7", "unsure", "█", "▸", "stranger", "Enter claim"):
            assert telling not in shown.panel + shown.text("#keys"), screen
        await shown.press("enter")
        assert "nothing is suggested" in shown.status
        await shown.press("3", "u")
        assert "a check" in shown.panel  # still blind after an undo
        await shown.press("3")

    run(scene, drive, source=BlindEverySecond(queue))
    assert scene.now(second).path.startswith("letter/")


def test_the_next_three_documents_are_loaded_before_they_are_needed(scene: Scene) -> None:
    scene.wait(*(f"claim-{number}.png" for number in range(6)))

    async def drive(shown: Shown) -> None:
        asked = sorted(name for name, _ in scene.reader.asked)
        assert asked == ["claim-0.png", "claim-1.png", "claim-2.png", "claim-3.png"]
        before = len(scene.reader.asked)
        await shown.pilot.press("1")
        assert shown.screen.page_view.shows_page
        await shown.settle()
        assert [name for name, _ in scene.reader.asked[before:]] == ["claim-4.png"]

    run(scene, drive)


def test_a_document_is_shown_from_its_first_page_with_something_on_it_on(scene: Scene) -> None:
    scene.eye.number, scene.eye.turned, scene.eye.blank = 2, 90, (0, 1)
    scene.wait("invoice-1.png", pages=4)

    async def drive(shown: Shown) -> None:
        assert scene.reader.asked[0][1] == 2
        assert "page 3 of 4" in shown.panel
        assert "pages 1-2 are blank" in shown.panel
        assert "page 3 lay turned by 90 degrees" in shown.panel.replace("\n", " ")

    run(scene, drive)


def test_what_another_session_of_the_same_person_holds_is_taken_over_with_enter(
    scene: Scene,
) -> None:
    (document,) = scene.wait("invoice-1.png")
    earlier = scene.session()
    held = earlier.take()
    assert held is not None

    async def drive(shown: Shown) -> None:
        text = "".join(shown.lines())
        assert "another session of yours holds 1 of the" in text
        assert "Enter takes them over" in text
        await shown.press("enter")
        assert shown.name == "invoice-1.png"
        assert "1 taken over" in shown.status
        with pytest.raises(ConflictError, match="was taken over"):
            earlier.answer(held, "claim")
        await shown.press("1")

    run(scene, drive)
    assert scene.now(document).path.startswith("invoice/")


def test_what_is_held_is_given_back_however_the_session_ends(scene: Scene) -> None:
    first, second, third = scene.wait("invoice-1.png", "claim-2.png", "letter-3.png")
    session = scene.session()
    held = [session.take() for _ in range(3)]
    assert held[0] is not None
    session.answer(held[0], "invoice")
    session.close()
    session.close()
    assert scene.now(first).state is State.SORTED
    for document in (second, third):
        assert scene.desk.store.review.entry_for_document(document.id).lease_owner is None
