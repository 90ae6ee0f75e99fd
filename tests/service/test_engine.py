"""The engine: its rule, what the shipped model says, and changing the model between documents."""

import gc
import threading
import weakref
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from docsorter.decide.policy import score_of
from docsorter.decide.prediction import PageHeads
from docsorter.decide.words import WordsModel
from docsorter.documents import (
    PageSet,
    PageWords,
    RawOutput,
    ReasonCode,
    VerdictKind,
    Word,
    WordsRule,
)
from docsorter.errors import (
    DependencyError,
    DocumentError,
    EnvironmentFaultError,
    ModelError,
    SettingsError,
)
from docsorter.model.card import Measured, read_card
from docsorter.model.golden import read_golden
from docsorter.pages.reader import PageReader
from docsorter.resources import starter_bundle_dir
from docsorter.service.engine import (
    Inspection,
    LoadedModel,
    ReadWords,
    card_statement,
    load_model,
    policies_of,
    sort_rule,
    words_fault,
)
from docsorter.service.workspace.layout import create
from docsorter.settings import DecideSettings, PagesSettings, Settings, WordsSettings
from tests.model.bundles import make_card
from tests.service.models import Held, OneAnswer, make_engine, make_model

FILE = Path("a.pdf")
OFFSETS = {"offsets": {"invoice": -1.0, "letter": 0.5}, "format_version": 2}


def test_the_next_document_is_looked_at_with_the_new_model_and_says_so() -> None:
    engine, pages = make_engine(make_model("old"))

    before = engine.inspect(FILE, "a.pdf")
    engine.switch(make_model("new"))
    after = engine.inspect(FILE, "a.pdf")

    assert (before.prediction.model, after.prediction.model) == ("old", "new")
    assert engine.card.name == "new"
    assert after.statement.startswith("uncertified")
    assert not pages.closed, "the reader serves both, their pages have the same size"


def test_a_document_under_way_is_finished_with_the_model_it_began_with() -> None:
    held, seen = Held(), list[Inspection]()
    engine, _ = make_engine(make_model("old", answer=held))
    thread = threading.Thread(target=lambda: seen.append(engine.inspect(FILE, "a.pdf")))
    thread.start()
    assert held.began.wait(30)

    engine.switch(make_model("new"))
    during = engine.inspect(FILE, "b.pdf")
    outgoing = engine.outgoing
    held.go.set()
    thread.join(30)

    assert during.prediction.model == "new"
    assert [inspection.prediction.model for inspection in seen] == ["old"]
    assert (outgoing, engine.outgoing) == (1, 0)


def test_the_old_model_is_freed_when_its_last_document_is_finished() -> None:
    held = Held()
    gone = weakref.ref(held)
    engine, _ = make_engine(make_model("old", answer=held))
    thread = threading.Thread(target=engine.inspect, args=(FILE, "a.pdf"))
    thread.start()
    assert held.began.wait(30)
    engine.switch(make_model("new"))
    assert gone() is not None
    held.go.set()
    thread.join(30)

    del held, thread
    gc.collect()
    assert gone() is None


def test_a_model_of_another_page_size_gets_a_reader_of_its_own() -> None:
    held = Held()
    engine, pages = make_engine(make_model("old", answer=held))
    thread = threading.Thread(target=engine.inspect, args=(FILE, "a.pdf"))
    thread.start()
    assert held.began.wait(30)

    engine.switch(make_model("large", input={"size": 400}))
    still_open = not pages.closed
    held.go.set()
    thread.join(30)

    assert still_open, "a document under way still needs it"
    assert pages.closed
    engine.close()


def test_a_failing_document_lets_the_old_model_go_too() -> None:
    class Broken(OneAnswer):
        def __init__(self) -> None:
            super().__init__()
            self.before = self._fail

        def _fail(self) -> None:
            engine.switch(make_model("new"))
            raise ModelError("no answer")

    engine, _ = make_engine(make_model("old", answer=Broken()))

    with pytest.raises(ModelError, match="no answer"):
        engine.inspect(FILE, "a.pdf")

    assert engine.outgoing == 0
    assert engine.inspect(FILE, "a.pdf").prediction.model == "new"


def test_closing_ends_the_reader() -> None:
    engine, pages = make_engine(make_model("old"))

    engine.close()

    assert pages.closed


class Corners(OneAnswer):
    """A classifier whose features say which corner is dark; sure when it is the upper left one."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[int] = []

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        self.looks.append(len(pixels))
        corners = pixels[:, (0, 0, -1, -1), (0, -1, -1, 0), 0] < 100
        logits = np.where(corners[:, :1], [[9, 0, 0, 0]], [[1, 1, 0, 0]]).astype(np.float32)
        return RawOutput(logits, corners.astype(np.float32))


def heads_of_corners(**changes: NDArray[np.float64]) -> PageHeads:
    arrays = {
        "first_weights": np.zeros(4),
        "first_bias": np.zeros(()),
        "orientation_weights": 9 * np.eye(4),
        "orientation_bias": np.zeros(4),
    }
    found = PageHeads.from_arrays(arrays | changes)
    assert found is not None
    return found


def scanned(*turns: int) -> PageSet:
    """Pages with a dark upper left corner, each turned clockwise by so many degrees."""
    page = np.full((8, 8, 3), 255, np.uint8)
    page[0, 0] = 0
    pixels = np.stack([np.rot90(page, -turn // 90) for turn in turns])
    return PageSet(pixels, len(turns), "application/pdf")


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_lies_sideways_is_judged_upright(turn: int) -> None:
    answer = Corners()
    plain = make_model("a", answer=answer)
    assert plain.inspect(scanned(turn)).verdict.kind is VerdictKind.REVIEW
    found = replace(plain, heads=heads_of_corners()).inspect(scanned(turn))
    assert (found.verdict.kind, found.verdict.label) == (VerdictKind.SORT, "invoice")
    assert found.prediction.pages[0].turned == turn
    assert found.prediction.remarks == (f"page 1 lay turned by {turn} degrees: judged upright",)


def test_only_what_lies_sideways_is_looked_at_again() -> None:
    answer = Corners()
    model = replace(make_model("a", answer=answer), heads=heads_of_corners())
    model.inspect(scanned(0, 0))
    model.inspect(scanned(90, 0, 180))
    assert answer.looks == [2, 3, 2]


class Misled(Corners):
    """Sure of another label when a page does not lie upright."""

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        raw = super().classify(pixels)
        wrong = np.array([self.sideways], np.float32)
        return RawOutput(np.where(raw.features[:, :1] > 0, raw.logits, wrong), raw.features)

    sideways = (0, 9, 0, 0)


def test_what_is_sorted_sideways_stays_so_unless_it_looks_like_another_label_upright() -> None:
    misled, right = Misled(), Misled()
    right.sideways = (9, 0, 0, 0)
    for answer, turned in ((misled, 90), (right, 0)):
        model = replace(make_model("a", answer=answer), heads=heads_of_corners())
        found = model.inspect(scanned(90))
        assert (found.verdict.kind, found.verdict.label) == (VerdictKind.SORT, "invoice")
        assert found.prediction.pages[0].turned == turned


def test_a_page_that_is_not_upright_after_turning_stays_as_it_is() -> None:
    always = heads_of_corners(
        orientation_weights=np.zeros((4, 4)), orientation_bias=9 * np.eye(4)[1]
    )
    found = replace(make_model("a", answer=Corners()), heads=always).inspect(scanned(270))
    assert found.verdict.kind is VerdictKind.REVIEW
    assert found.prediction.pages[0].turned == 0


BACKS = {
    "white": (255, 0),
    "off white": (245, 0),
    "grey": (200, 2),
    "grainy": (235, 15),
}


@pytest.mark.slow
@pytest.mark.parametrize("back", BACKS)
def test_a_blank_back_changes_nothing(tmp_path: Path, back: str) -> None:
    level, grain = BACKS[back]
    noise = np.random.default_rng(0).normal(level, grain, (1170, 827))
    paper = Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)).convert("RGB")
    model = load_model(create(tmp_path / "paper")[0])
    names = [Path(page.file) for page in read_golden(model.bundle.golden_file).pages]
    with PageReader(PagesSettings()) as reader:
        for name in [one for one in names if one.stem.startswith("invoice-")][:2]:
            with Image.open(model.bundle.golden_file.parent / name) as opened:
                front = opened.convert("RGB").resize((827, 827))
            alone, *both = (tmp_path / f"{n}.pdf" for n in range(3))
            front.copy().save(alone)
            front.copy().save(both[0], save_all=True, append_images=[paper.copy()])
            paper.copy().save(both[1], save_all=True, append_images=[front.copy()])
            expected = model.inspect(reader.read(alone))
            for number, path in enumerate(both):
                found = model.inspect(reader.read(path))
                assert found.prediction.blank == (1 - number,)
                assert found.prediction.pages[0].number == number
                assert found.verdict.kind is expected.verdict.kind
                assert found.prediction.probabilities == pytest.approx(
                    expected.prediction.probabilities, abs=0.01
                )


@pytest.mark.slow
def test_a_sample_page_is_most_like_itself(tmp_path: Path) -> None:
    model = load_model(create(tmp_path / "paper")[0])
    golden = model.bundle.golden_file.parent
    for file in ("claim-cash.png", "other-application-form.png"):
        pixels = np.array(Image.open(golden / file).convert("RGB"), np.uint8)
        (page,) = model.inspect(PageSet(pixels[np.newaxis], 1, "image/png")).prediction.pages
        first, *others = page.nearest
        assert first.name == file.removesuffix(".png")
        assert first.label == file.partition("-")[0]
        assert first.distance == pytest.approx(0, abs=1e-3)
        assert [other.distance > first.distance for other in others] == [True, True]


def asking(threshold: float) -> Settings:
    return Settings(decide=DecideSettings(threshold=threshold))


def test_what_the_card_asks_of_each_label_is_asked() -> None:
    rule = sort_rule(make_card(**OFFSETS), Settings(), {})
    assert (
        rule.required_confidence("invoice")
        < rule.required_confidence("claim")
        == 0.9
        < rule.required_confidence("letter")
    )


def test_no_label_is_asked_for_less_than_the_user_asks_for() -> None:
    rule = sort_rule(make_card(**OFFSETS), asking(0.95), {})
    assert rule.required_confidence("invoice") == rule.required_confidence("claim") == 0.95
    assert rule.required_confidence("letter") > 0.95


def test_less_than_the_card_supports_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"below 0\.9000"):
        sort_rule(make_card(**OFFSETS), asking(0.85), {})


def test_the_sentence_of_the_card_leads_with_the_first_real_documents() -> None:
    card = read_card(starter_bundle_dir() / "card.json").model_copy(
        update={
            "metrics": {
                "generated documents": {"error among sorted": Measured(value=0.1, n=10)},
                "real documents of senders never seen": {
                    "accuracy": Measured(value=0.975, n=40),
                    "error among sorted": Measured(value=0.3, n=10),
                    "automation rate": Measured(value=0.2, n=40),
                    "foreign documents sorted": Measured(value=0.5, n=4),
                },
                "real documents that may only be measured on": {
                    "error among sorted": Measured(value=1.0, n=1)
                },
            }
        }
    )
    assert card_statement(card).startswith(
        "uncertified on your paper; on real documents of senders it never saw: right 97.5 %, "
        "sorts 20.0 % alone, 12.5 % of that wrong (n = 40); of 4 foreign ones 50.0 % sorted; on "
    )


def test_where_words_are_read_the_sentence_is_of_picture_and_words() -> None:
    alone, both = (
        {
            "accuracy": Measured(value=share, n=40),
            "error among sorted": Measured(value=0.0, n=10),
            "automation rate": Measured(value=share, n=40),
        }
        for share in (0.5, 0.75)
    )
    metrics = {"real documents": alone, "real documents, with their words": both}
    card = read_card(starter_bundle_dir() / "card.json").model_copy(update={"metrics": metrics})
    assert "right 50.0 %" in card_statement(card)
    assert "right 75.0 %" in card_statement(card, WordsRule())
    alone_only = card.model_copy(update={"metrics": {"real documents": alone}})
    assert "right 50.0 %" in card_statement(alone_only, WordsRule())


def test_a_card_that_tells_of_no_real_documents_claims_nothing_of_them() -> None:
    card = read_card(starter_bundle_dir() / "card.json").model_copy(update={"metrics": {}})
    assert "real" not in card_statement(card)


def test_policies_follow_a_label_to_its_new_name_and_the_strictest_holds() -> None:
    card = make_card()
    names = {"claim": "Schaden", "letter": "invoice"}
    assert policies_of(card, {"Schaden": "review"}, names) == {"claim": "review"}
    assert policies_of(card, {"claim": "review"}, names) == {"claim": "review"}
    both = policies_of(card, {"invoice": "review", "letter": "never"}, names)
    assert both == {"invoice": "never", "letter": "never"}
    assert policies_of(card, {"claim": "auto", "nothing": "never"}, {}) == {
        "claim": "auto",
        "nothing": "never",  # refused by whoever makes the rule
    }
    later = make_card(labels=("invoice", "Schaden"))
    assert policies_of(later, {"claim": "review"}, names) == {"Schaden": "review"}


def words_of_two_labels(*known: str, sure: float = 8.0) -> WordsModel:
    """Known words speak for the second label, all of them alike."""
    keys = np.unique([zlib.crc32(word.encode()) for word in known]).astype(np.uint32)
    weights = np.zeros((len(keys), 4), np.float16)
    weights[:, 1] = sure
    bias, fusion = np.zeros(4, np.float32), np.array([0.5, 1, 0, 0, 0, 0], np.float32)
    ones = np.ones(len(keys), np.float16)
    return WordsModel(keys, ones, weights, bias, np.zeros(1, np.float32), fusion)


class Torn(OneAnswer):
    """A classifier that cannot tell the first two labels apart."""

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        logits = np.tile(np.array([2.1, 2.0, 0, 0], np.float32), (len(pixels), 1))
        return RawOutput(logits, np.zeros((len(pixels), 2), np.float32))


PAGE = PageSet(np.zeros((1, 8, 8, 3), np.uint8), 1, "application/pdf")
FORM = ("claim", "form", "policy", "loss", "insured", "signature")


def reading(*words: str) -> ReadWords:
    found = tuple(Word(word, (0.1, 0.1, 0.2, 0.2)) for word in words)
    return lambda page, _turned: PageWords(page, found, "ocr")


def raising(error: Exception) -> ReadWords:
    def read(_page: int, _turned: int) -> PageWords:
        raise error

    return read


FUSED = np.array([0.5, 0.1, 0, 0, 0, 0], np.float32)


def reader_model(answer: OneAnswer, *known: str) -> LoadedModel:
    model = make_model("a", answer=answer, background=1)
    rule = replace(model.rule, policies={"other": "never"}, words=WordsRule())
    return replace(model, rule=rule, words=words_of_two_labels(*known))


def test_what_the_picture_leaves_open_is_decided_with_the_words() -> None:
    model = reader_model(Torn(), *FORM)
    alone, both = model.inspect(PAGE), model.inspect(PAGE, reading(*FORM))
    assert alone.verdict.reason.code is ReasonCode.UNSURE
    assert (both.verdict.kind, both.verdict.label) == (VerdictKind.SORT, "claim")
    assert both.verdict.reason.text.endswith("(picture and words)")
    read = both.prediction.read
    assert read is not None
    assert (read.known, read.source, read.picture) == (6, "ocr", alone.prediction.probabilities)
    assert [word.text for word in both.words[0].words] == list(FORM)


def test_the_words_of_what_the_picture_is_sure_of_are_not_read() -> None:
    def never(_page: int, _turned: int) -> PageWords:
        raise AssertionError("nobody asked for words")

    seen = reader_model(OneAnswer(), *FORM).inspect(PAGE, never)
    assert (seen.verdict.kind, seen.prediction.read) == (VerdictKind.SORT, None)


@pytest.mark.parametrize(
    "read",
    [
        reading(*FORM[:4]),  # too few
        reading("words", "of", "another", "language", "and", "more"),
        raising(DocumentError(ReasonCode.TIME_LIMIT, "too long")),
        raising(EnvironmentFaultError("killed")),
    ],
)
def test_without_words_a_person_is_asked_as_before(read: ReadWords) -> None:
    model = reader_model(Torn(), *FORM)
    alone, both = model.inspect(PAGE), model.inspect(PAGE, read)
    assert (both.prediction, both.verdict) == (alone.prediction, alone.verdict)


def test_words_that_contradict_the_picture_sort_nothing() -> None:
    model = reader_model(Torn(), *FORM)
    against = replace(model, words=replace(words_of_two_labels(*FORM), fusion=FUSED))
    seen = against.inspect(PAGE, reading(*FORM))
    assert seen.verdict.kind is VerdictKind.REVIEW


def test_what_was_read_belongs_to_the_rule_that_evidence_is_about() -> None:
    model = reader_model(Torn(), *FORM)
    others = [
        replace(model.rule, words=None),
        replace(model.rule, words=WordsRule({"claim": 1.0})),
        replace(model.rule, words=WordsRule(languages=("eng",))),
    ]
    keys = {model.rule_key, *(replace(model, rule=rule).rule_key for rule in others)}
    assert len(keys) == 4


def test_a_document_whose_words_were_read_is_asked_for_something_else() -> None:
    rule = WordsRule({"claim": 12.0})
    model = reader_model(Torn(), *FORM)
    strict = replace(model, rule=replace(model.rule, words=rule))
    seen = strict.inspect(PAGE, reading(*FORM))
    assert seen.verdict.kind is VerdictKind.REVIEW
    needed = strict.rule.required_confidence("claim", read=True)
    assert needed > strict.rule.required_confidence("claim")
    assert seen.verdict.threshold == needed
    assert score_of(seen.prediction, strict.rule) < strict.rule.threshold


@pytest.mark.parametrize(
    ("settings", "installed", "rule"),
    [
        (WordsSettings(), ("eng",), WordsRule({"claim": 0.5}, languages=("eng",))),
        (WordsSettings(read="never"), ("eng",), None),
        (WordsSettings(), (), None),
    ],
)
def test_words_are_read_where_that_is_wanted_and_can_be_done(
    settings: WordsSettings,
    installed: tuple[str, ...],
    rule: WordsRule | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("docsorter.service.engine.installed_languages", lambda _: installed)
    card = make_card(words={"offsets": {"claim": 0.5}}, format_version=4)
    assert sort_rule(card, Settings(words=settings), {}).words == rule


@pytest.mark.parametrize(
    ("settings", "installed", "kind"),
    [
        (WordsSettings(read="never"), ("eng",), SettingsError),
        (WordsSettings(), (), DependencyError),
        (WordsSettings(), ("eng",), None),
    ],
)
def test_it_is_said_why_no_words_are_read(
    settings: WordsSettings,
    installed: tuple[str, ...],
    kind: type[Exception] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("docsorter.service.engine.installed_languages", lambda _: installed)
    bundle = reader_model(Torn(), *FORM).bundle
    with_words = replace(
        bundle, card=make_card(words={}, format_version=4), words=words_of_two_labels().to_arrays()
    )
    fault = words_fault(with_words, settings)
    assert fault is None if kind is None else isinstance(fault, kind)
    assert isinstance(words_fault(replace(with_words, words={}), WordsSettings()), ModelError)
