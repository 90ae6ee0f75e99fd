"""A document that is judged blind shows its page and nothing that leads, before and after."""

import asyncio

from docsorter.cli.reviewer.plain import Console, PlainReview
from docsorter.documents import Document, Purpose, Tone
from docsorter.service.review.service import ReviewService
from tests.cli.reviewer.scene import Scene


def asked_again(scene: Scene) -> Document:
    """A document that ben sorted as a letter, and of which a second opinion is wanted."""
    (document,) = scene.wait("claim-1.png")
    desk = scene.desk
    settings = desk.configuration.settings
    review = settings.review.model_copy(update={"double": 1.0})
    object.__setattr__(
        desk.configuration, "settings", settings.model_copy(update={"review": review})
    )
    service = ReviewService(desk.configuration, desk.store, desk.mover)
    return service.answer(document.id, "letter", reviewer="ben", uid=2)


def test_the_tone_is_told_in_words_and_never_of_what_is_judged_blind(scene: Scene) -> None:
    bad = (("Mahnung", -1.0), ("not good", -0.35))
    scene.eye.tone = Tone("deu", -0.5, -0.75, -0.25, 9, (9,) + (0,) * 9, bad, (), mixed=False)

    def heard(*lines: str) -> str:
        said: list[str] = []
        typed = iter(lines)
        console = Console(lambda _: next(typed), said.append)
        PlainReview(scene.session(), console, scene.opened.append).run()
        return "\n".join(said)

    scene.wait("invoice-1.png")
    told = "Tone negative: -0.50 (95 % sure: -0.75 to -0.25), 9 words; negative: Mahnung, not good."
    assert told in heard("invoice")
    asked_again(scene)
    blind = heard("quit")
    assert "judge by the page alone" in blind
    assert "Mahnung" not in blind


def test_the_screen_shows_no_suggestion_and_opens_a_copy(scene: Scene) -> None:
    document = asked_again(scene)

    async def drive() -> None:
        async with scene.screen(size=(120, 34)) as shown:
            assert shown.name == "claim-1.png"
            assert "judge by the page alone" in shown.panel
            assert "0.7" not in shown.panel
            assert "▸" not in shown.panel
            assert "stranger" not in shown.panel
            assert "Enter" not in shown.text("#keys")
            assert [choice.label for choice in shown.screen.flow.offered][:3] == [
                "invoice",
                "claim",
                "letter",
            ]
            await shown.press("enter")
            assert "nothing is suggested" in shown.status
            await shown.press("o")
            (copy,) = scene.opened
            assert copy.read_bytes() == scene.desk.path(document).read_bytes()
            assert "letter" not in f"{copy} {shown.status}"
            await shown.press("2")
            assert "is claim (u takes it back)" in shown.status
            assert "letter" not in shown.status
            await shown.press("q")
            assert not copy.exists()

    asyncio.run(drive())
    answers = scene.desk.store.review.answers(document.id)
    assert [(a.purpose, a.blind) for a in answers][1:] == [(Purpose.SECOND, True)]


def test_after_an_undo_it_is_still_judged_blind(scene: Scene) -> None:
    asked_again(scene)

    async def drive() -> None:
        async with scene.screen() as shown:
            await shown.press("3", "u")
            assert "judge by the page alone" in shown.panel
            await shown.press("1", "u")
            assert "judge by the page alone" in shown.panel

    asyncio.run(drive())


def test_the_plain_mode_reads_out_the_page_alone(scene: Scene) -> None:
    document = asked_again(scene)
    lines = iter(["", "open", "letter", "quit"])
    said: list[str] = []
    session = scene.session()
    PlainReview(session, Console(lambda _: next(lines), said.append), scene.opened.append).run()
    text = "\n".join(said)
    assert "judge by the page alone" in text
    assert "Nothing is suggested here" in text
    assert "The model says" not in text
    assert "sorted" not in text
    assert "letter/" not in f"{text} {scene.opened[0]}"
    assert len(scene.desk.store.review.answers(document.id)) == 2


def test_the_plain_mode_answers_several_together_and_takes_them_back(scene: Scene) -> None:
    scene.wait("invoice-1.png", "claim-2.png", "letter-3.png")
    lines = iter(["all claim", "mark", "mark", "all", "all claim", "together", "quit"])
    said: list[str] = []
    session = scene.session()
    PlainReview(session, Console(lambda _: next(lines), said.append), scene.opened.append).run()
    text = "\n".join(said)
    for wanted in (
        "Nothing is marked.",
        "claim-2.png is put aside; 2 marked.",
        "all needs a label",
        "2 documents are claim.",
        "2 documents wait again.",
    ):
        assert wanted in text
    assert all(entry.lease_owner is None for entry in scene.desk.store.review.entries()), (
        "what was held goes back"
    )


def test_in_the_plain_mode_what_is_marked_is_asked_about_when_nothing_else_waits(
    scene: Scene,
) -> None:
    scene.wait("invoice-1.png")
    lines = iter(["mark", "invoice"])
    said: list[str] = []
    PlainReview(
        scene.session(), Console(lambda _: next(lines), said.append), scene.opened.append
    ).run()
    assert said[-2:] == ["invoice-1.png is invoice. undo takes it back.", "Nothing waits for you."]
