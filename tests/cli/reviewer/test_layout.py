"""The screen in terminals of all sizes, with and without colour."""

import asyncio

import pytest

from docsorter.cli.reviewer.drawing import DrawingMode
from tests.cli.reviewer.scene import Scene

SIZES = ((60, 20), (80, 24), (120, 40))


@pytest.mark.parametrize("size", SIZES)
def test_everything_that_matters_fits(scene: Scene, size: tuple[int, int]) -> None:
    scene.wait("invoice-1.png")

    async def drive() -> None:
        async with scene.screen(size=size, drawing=DrawingMode.DOTS) as shown:
            lines = shown.lines()
            assert [len(line) for line in lines] == [size[0]] * size[1]
            text = "\n".join(lines)
            for wanted in ("invoice-1.png", "1 invoice", "2 claim", "3 letter", "54 %", "5 %"):
                assert wanted in text
            assert "unsure: invoice 0.54" in text
            assert "Enter invoice" in lines[-1]
            assert any("⠀" <= c <= "⣿" for c in text)

    asyncio.run(drive())


def test_the_screen_follows_a_terminal_that_is_resized(scene: Scene) -> None:
    scene.wait("invoice-1.png")

    async def drive() -> None:
        async with scene.screen(size=(120, 40), drawing=DrawingMode.DOTS) as shown:
            for size in ((60, 20), (100, 30), (30, 8), (80, 24)):
                await shown.pilot.resize_terminal(*size)
                await shown.settle()
                assert [len(line) for line in shown.lines()] == [size[0]] * size[1]
            assert any("⠀" <= c <= "⣿" for c in "".join(shown.lines()))

    asyncio.run(drive())


def test_without_colour_nothing_needs_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    scene.wait("invoice-1.png")

    async def drive() -> None:
        async with scene.screen(drawing=DrawingMode.DOTS, colour=False) as shown:
            assert shown.app.no_color
            text = "\n".join(shown.lines())
            assert "▸ 1 invoice" in text
            assert "⣿" in text
            await shown.press("9", "x", "escape", "slash", *"foo:bar", "enter")
            assert shown.status.startswith("! ")

    asyncio.run(drive())


def test_pictures_can_be_off(scene: Scene) -> None:
    scene.wait("invoice-1.png")

    async def drive() -> None:
        async with scene.screen(drawing=DrawingMode.OFF) as shown:
            assert "pictures are off" in "\n".join(shown.lines())
            await shown.press("1")
            assert "is invoice" in shown.status

    asyncio.run(drive())


def test_a_name_with_markup_and_control_characters_is_shown_harmlessly(scene: Scene) -> None:
    scene.wait("claim-[red]\x1b[2J.png")

    async def drive() -> None:
        async with scene.screen(size=(120, 40)) as shown:
            assert "claim-[red]\\x1b[2J.png" in shown.panel
            await shown.press("1")
            assert "claim-[red]\\x1b[2J.png is invoice" in shown.status

    asyncio.run(drive())
