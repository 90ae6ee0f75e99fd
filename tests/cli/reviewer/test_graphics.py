"""Real pictures, for terminals that can."""

import asyncio
import re

import pytest
from PIL import Image

from docsorter.cli.reviewer.drawing import DrawingMode
from docsorter.cli.reviewer.graphics import GraphicsCanvas
from docsorter.cli.reviewer.page_view import PageView
from tests.cli.reviewer.scene import Scene


@pytest.mark.parametrize("drawing", [DrawingMode.SIXEL, DrawingMode.KITTY])
def test_the_page_is_drawn_again_for_every_document_view_and_size(
    scene: Scene, drawing: DrawingMode
) -> None:
    scene.wait("invoice-1.png", "claim-2.png")

    async def drive() -> None:
        async with scene.screen(drawing=drawing) as shown:
            seen = [_picture(shown.screen.page_view)]
            for key in ("plus", "down", "0", "r", "1"):
                await shown.press(key)
                seen.append(_picture(shown.screen.page_view))
            await shown.pilot.resize_terminal(120, 40)
            await shown.settle()
            seen.append(_picture(shown.screen.page_view))
            assert shown.name == "claim-2.png"
            assert "is invoice" in shown.status
            assert len(set(seen)) == len(seen) - 1  # 0 shows the whole page as at first

    asyncio.run(drive())


def _picture(view: PageView) -> bytes:
    canvas = view.query_one(GraphicsCanvas)
    picture = canvas._page.image
    assert isinstance(picture, Image.Image)
    assert picture.size == (canvas.size.width * 10, canvas.size.height * 20)
    return picture.tobytes()


def test_sixels_are_sent_to_the_place_of_the_page(scene: Scene) -> None:
    scene.wait("invoice-1.png")

    async def drive() -> str:
        async with scene.screen(drawing=DrawingMode.SIXEL) as shown:
            strips = shown.app.screen._compositor.render_strips()
            return "".join(segment.text for strip in strips for segment in strip)

    sent = asyncio.run(drive())
    assert re.search(r'\x1b\[2;1H\x1bP0;1;0q"1;1;\d+;\d+#', sent)
    assert "\x1b\\" in sent
