"""The next page is loaded and drawn before it is needed, and sharp where somebody looks close."""

import threading
from concurrent.futures import Future

import pytest
from PIL import Image
from textual.widgets import Static

from docsorter.cli.reviewer import drawing, page_view
from docsorter.cli.reviewer.drawing import Size, Viewport, VisiblePart
from docsorter.service.review.previews import QUICK, SHARP
from tests.cli.reviewer.scene import Scene, Shown, run


def test_the_next_page_is_not_drawn_when_the_key_is_pressed_but_before(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.wait(*(f"claim-{number}.png" for number in range(8)))
    looks: list[Viewport] = []
    true_look = drawing.visible_part

    def look(page: Image.Image, view: Viewport, canvas: Size) -> VisiblePart:
        if threading.current_thread() is threading.main_thread():
            looks.append(view)
        return true_look(page, view, canvas)

    async def drive(shown: Shown) -> None:
        # The first ones may have come before the window had a size.
        await shown.press("1", "1", "1", "1")
        monkeypatch.setattr(page_view, "visible_part", look)
        await shown.press("1")
        assert shown.screen.page_view.shows_page
        assert looks == []
        await shown.press("plus")  # what nobody could foresee is drawn then
        assert [view.zoom for view in looks][:1] == [1.5]

    run(scene, drive)


def test_a_page_drawn_ahead_for_another_size_of_the_window_is_drawn_anew(scene: Scene) -> None:
    scene.wait("invoice-1.png", "claim-2.png", "letter-3.png")

    async def drive(shown: Shown) -> None:
        await shown.pilot.resize_terminal(100, 40)
        await shown.settle()
        await shown.press("1")
        (canvas,) = shown.screen.query(page_view.CellCanvas)
        assert len(canvas._strips) == canvas.size.height
        assert {strip.cell_length for strip in canvas._strips} == {canvas.size.width}

    run(scene, drive)


def test_a_page_is_loaded_for_a_quick_look_and_sharp_once_somebody_looks_closer(
    scene: Scene,
) -> None:
    scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        assert set(scene.reader.sizes) == {QUICK}
        await shown.press("plus", "right")
        assert scene.reader.sizes.count(SHARP) == 1
        assert shown.screen.page_view.view.zoom == 1.5

    run(scene, drive)


def test_a_sharp_page_that_comes_too_late_is_not_shown_in_the_place_of_the_next(
    scene: Scene,
) -> None:
    scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        scene.reader.held = held = Future[None]()
        await shown.pilot.press("plus")
        await shown.pilot.press("1")
        shown_next = shown.screen.flow.item
        before = shown.screen.page_view._page
        held.set_result(None)
        await shown.settle()
        assert shown.screen.flow.item is shown_next
        assert shown.screen.page_view._page is before

    run(scene, drive)


def test_where_the_sharp_page_cannot_be_loaded_the_quick_one_stays(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        scene.desk.path(document).unlink()
        await shown.press("plus")
        assert shown.screen.page_view.shows_page
        assert shown.screen.page_view.view.zoom == 1.5

    run(scene, drive)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_while_a_page_is_read_its_place_says_so_and_nothing_flickers_when_it_comes(
    scene: Scene, size: tuple[int, int]
) -> None:
    scene.wait("invoice-1.png", "claim-2.png")
    scene.reader.held = held = Future[None]()

    async def drive(shown: Shown) -> None:
        while shown.screen.flow.item is None:
            await shown.pilot.pause()
        place = shown.screen.page_view
        assert (
            str(place.query_one("#message", Static).render()) == "reading page 1 …\ninvoice-1.png"
        )
        (canvas,) = shown.screen.query(page_view.CellCanvas)
        await shown.pilot.pause()
        room = canvas.size
        assert room == place.size
        held.set_result(None)
        await shown.settle()
        assert (canvas.size, len(canvas._strips)) == (room, room.height)
        assert not place.query_one("#message").display

    run(scene, drive, size=size, settle=False)


def test_nobody_is_told_that_nothing_waits_while_the_next_document_is_fetched(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.wait(*(f"claim-{number}.png" for number in range(6)))

    async def drive(shown: Shown) -> None:
        said: list[str] = []
        monkeypatch.setattr(shown.screen.page_view, "say", said.append)
        for _ in range(4):  # faster than the next ones are held
            shown.screen.flow.answer("claim")
            shown.screen.flow._shown.since = 0.0
        assert said[-1] == "looking for the next document …" or not said
        await shown.settle()
        assert not any("nothing" in text for text in said[:-1])

    run(scene, drive)
