"""The tone of what waits for a person: from the files of two packages to what people see."""

import logging
import re
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

import docsorter
from docsorter.cli.output import print_prediction
from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.decide.policy import decide
from docsorter.documents import PageWords, Prediction, SortRule, Word
from docsorter.errors import SettingsError
from docsorter.service.engine import Inspection
from docsorter.service.tone import read_lexicons, wanted_lexicons
from docsorter.settings import ReviewSettings
from tests.service.desk import LABELS, Desk

HINT = ReviewSettings(tone="hint")
COMPLAINT = (
    "Mit großer Enttäuschung sehe ich den Schaden an der Ware und bin nicht zufrieden: die "
    "Mahnung ist falsch, und das ist unzumutbar"
)
_BOX = (0.0, 0.0, 0.1, 0.1)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install packages of the names and with the files of the real ones, and a few words."""
    german = "".join(
        f'  <word confidence="1.0" form="{form}" intensity="1.0" polarity="{score}" pos="JJ" '
        'subjectivity="0.0"/>\n'
        for form, score in (
            ("Enttäuschung", "-1.0"), ("Schaden", "-1.0"), ("zufrieden", "1.0"),
            ("Mahnung", "-1.0"), ("falsch", "-1.0"), ("falsch", "-0.7"), ("unzumutbar", "-0.7"),
        )
    )  # fmt: skip
    english = "good\t1.9\t0.9\t[2, 1]\n:-)\t1.3\t0.5\t[1]\nTerrible\t-2.1\t0.9\t[-2]\n"
    _package(tmp_path, "textblob-de", "textblob_de/data/de-sentiment.xml", german)
    _package(tmp_path, "vaderSentiment", "vaderSentiment/vader_lexicon.txt", english)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def _package(folder: Path, name: str, file: str, text: str) -> None:
    (folder / file).parent.mkdir(parents=True)
    (folder / file).write_text(text, encoding="utf-8")
    about = folder / f"{name.replace('-', '_')}-9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 9\n")
    (about / "RECORD").write_text(f"{file},,\n")


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("docsorter.service.tone.distribution", refuse)


def test_lexicons_are_read_from_their_packages_without_running_these(installed: Path) -> None:
    lexicons = read_lexicons()
    assert lexicons["eng"] == {"good": 0.475, "terrible": -0.525}
    assert lexicons["deu"]["falsch"] == pytest.approx(-0.85)
    assert lexicons["deu"]["Mahnung"] == -1.0


def test_one_language_is_enough(installed: Path) -> None:
    (installed / "textblob_de/data/de-sentiment.xml").unlink()
    assert set(read_lexicons()) == {"eng"}


def test_without_lexicons_a_hint_is_told_to_be_missing_and_stops_nothing(
    missing: None, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SettingsError, match="lexicons"):
        read_lexicons()
    assert wanted_lexicons(ReviewSettings()) == {}
    assert caplog.messages == []
    with caplog.at_level(logging.WARNING, "docsorter"):
        assert wanted_lexicons(HINT) == {}
    (line,) = caplog.messages
    assert "pip install 'docsorter[tone]'" in line
    assert "\n" not in line


@pytest.mark.parametrize("package", ["textblob-de", "vaderSentiment"])
def test_the_lexicons_of_the_real_packages_can_be_read(package: str) -> None:
    try:
        distribution(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed: pip install 'docsorter[tone]'")
    language, good, bad = {
        "textblob-de": ("deu", "zufrieden", "Mahnung"),
        "vaderSentiment": ("eng", "excellent", "terrible"),
    }[package]
    scores = read_lexicons()[language]
    assert len(scores) > 7000
    assert -1 <= scores[bad] < -0.4 < 0.4 < scores[good] <= 1
    assert all(-1 <= score <= 1 for score in scores.values())


@pytest.fixture
def desk(configuration: Configuration, clock: ManualClock, installed: Path) -> Desk:
    hinting = configuration.settings.model_copy(update={"review": HINT})
    return ReadingDesk(replace(configuration, settings=hinting), clock)


class ReadingDesk(Desk):
    """Words were read of every document: what follows its first two."""

    def __init__(self, configuration: Configuration, clock: ManualClock) -> None:
        super().__init__(configuration, clock)
        seen = self.reader.inspect

        def inspect(path: Path, name: str) -> Inspection:
            texts = path.read_bytes().decode().split()[2:]
            page = PageWords(0, tuple(Word(text, _BOX) for text in texts), "ocr")
            return replace(seen(path, name), words=(page,))

        self.reader.inspect = inspect  # type: ignore[method-assign]


def waiting(desk: Desk, content: str) -> Prediction:
    document = desk.pipeline.handle(desk.drop("a.pdf", content.encode()).id)
    found = desk.store.review.entry_for_document(document.id).prediction
    assert found is not None
    return found


def test_what_waits_for_a_person_has_its_tone_with_it(desk: Desk) -> None:
    found = waiting(desk, f"letter 0.5 {COMPLAINT}").tone
    assert found is not None
    assert (found.leaning, found.language, found.words) == ("negative", "deu", 6)
    assert found.positive == ()  # not satisfied


def test_what_nobody_read_has_no_tone(desk: Desk) -> None:
    assert waiting(desk, "letter 0.5").tone is None


def test_what_is_sorted_alone_has_no_tone(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", f"letter 0.99 {COMPLAINT}".encode()).id)
    found = desk.store.documents.prediction(document.id)
    assert found is not None
    assert found.tone is None


def test_no_verdict_knows_of_the_tone(desk: Desk) -> None:
    heard = waiting(desk, f"letter 0.5 {COMPLAINT}")
    unheard = replace(heard, tone=None)
    rule = SortRule(temperature=1.0, threshold=0.4, novelty_limit=99.0)
    assert heard.tone is not None
    assert decide(heard, rule, LABELS) == decide(unheard, rule, LABELS)

    told = desk.store.documents.find(limit=1)[0].verdict
    settings = desk.configuration.settings.model_copy(update={"review": ReviewSettings()})
    silent = Desk(replace(desk.configuration, settings=settings), desk.clock)
    assert waiting(silent, f"letter 0.5 {COMPLAINT} .") == unheard
    assert silent.store.documents.find(limit=1)[0].verdict == told


def test_nothing_that_decides_or_promises_imports_the_tone() -> None:
    package = Path(docsorter.__file__).parent
    importing = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if re.search(r"(decide|service)\.tone import", file.read_text("utf-8"))
    }
    assert importing == {
        "service/tone.py",
        "service/daemon/pipeline.py",  # once it is decided
        "service/review/reread.py",  # likewise
        "service/upkeep/doctor.py",
        "service/workspace/settings_file.py",  # is a lexicon there?
    }


def test_the_tone_fits_eighty_columns(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    print_prediction(waiting(desk, f"letter 0.5 {COMPLAINT}"))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("  tone negative: -") for line in lines)
    assert any("-1 [██" in line and "+1" in line for line in lines)
