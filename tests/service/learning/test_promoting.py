"""Putting models to use and taking them back, with models that run."""

import contextlib
import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration, load
from docsorter.errors import ConflictError, DocsorterError, ModelError, SettingsError, UsageError
from docsorter.model.registry import PROMOTED, ModelRegistry, PromotionFile, fingerprint
from docsorter.service.learning.promoting import Person, Promoter
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.store import Store
from tests import forge
from tests.model.bundles import write_checksums
from tests.model.variants import rewrite, write_variant

pytestmark = pytest.mark.slow
ADA = Person("ada", 7)


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variants")
    write_variant(folder / "ours-1", temperature=2.0)
    write_variant(folder / "ours-2", temperature=1.5, labels=("invoice", "claim", "Letter"))
    return folder


@pytest.fixture
def models(configuration: Configuration, variants: Path) -> Path:
    folder = configuration.state / "models"
    for source in variants.iterdir():
        shutil.copytree(source, folder / source.name)
    return folder


@pytest.fixture
def store(configuration: Configuration, clock: ManualClock) -> Iterator[Store]:
    with open_workspace_store(configuration, clock) as opened:
        yield opened


@pytest.fixture
def promoter(
    configuration: Configuration, models: Path, store: Store, clock: ManualClock
) -> Promoter:
    assert models.is_dir()
    return Promoter(configuration, store, clock)


def in_use(configuration: Configuration) -> str:
    return ModelRegistry(configuration.state / "models").in_use(PROMOTED).name


def test_promotions_pile_up_and_rollbacks_take_them_down_to_the_starter(
    promoter: Promoter, configuration: Configuration, store: Store, models: Path, clock: ManualClock
) -> None:
    first = promoter.promote("ours-1", ADA, reason="more vendors")
    again = promoter.promote("ours-1", ADA)
    second = promoter.promote("ours-2", ADA)

    assert first.promotion is not None
    assert first.promotion.by == "ada"
    assert first.promotion.reason == "more vendors"
    assert first.promotion.at == clock.now().astimezone(dt.UTC)
    assert first.fingerprint == fingerprint(models / "ours-1")
    assert first.golden_difference < 0.01
    assert (first.previous, second.previous) == ("starter", "ours-1")
    assert again.promotion is None, "it is in use already"
    assert (second.appeared, second.vanished) == (("Letter",), ("letter",))
    assert any("Letter was written letter before" in note for note in second.notes)
    assert in_use(configuration) == "ours-2"

    assert promoter.rollback(ADA).bundle == "ours-1"
    assert promoter.rollback(ADA).bundle == "starter"
    with pytest.raises(ConflictError, match="there is no model before this one"):
        promoter.rollback(ADA)
    assert in_use(configuration) == "starter"
    kinds = [
        (event.kind, event.actor, event.detail["bundle"]) for event in store.documents.events()
    ]
    assert kinds == [
        ("model_promoted", "ada", "ours-1"),
        ("model_promoted", "ada", "ours-2"),
        ("model_rolled_back", "ada", "ours-1"),
        ("model_rolled_back", "ada", "starter"),
    ]


def test_a_model_that_answers_differently_is_refused_with_the_difference(
    promoter: Promoter, configuration: Configuration, store: Store, models: Path
) -> None:
    golden = models / "ours-1" / "golden" / "golden.json"
    kept = golden.read_bytes()
    rewrite(models / "ours-1", temperature=9.0)
    golden.write_bytes(kept)
    write_checksums(models / "ours-1")

    with pytest.raises(ModelError, match="answers differently on this machine") as caught:
        promoter.promote("ours-1", ADA)

    assert "should be invoice" in caught.value.message
    assert "apart where 0.050 is allowed" in caught.value.message
    assert in_use(configuration) == "starter"
    assert store.documents.events() == []


def test_damage_is_refused_by_promotion_and_a_way_back_stays_open(
    promoter: Promoter, configuration: Configuration, models: Path
) -> None:
    promoter.promote("ours-1", ADA)
    promoter.promote("ours-2", ADA)
    shutil.rmtree(models / "ours-2")

    with pytest.raises(ModelError):
        in_use(configuration)
    assert promoter.rollback(ADA).bundle == "ours-1"
    (models / "ours-1" / "model.tflite").write_bytes(b"x")
    with pytest.raises(ModelError, match="damaged"):
        promoter.promote("ours-1", ADA)
    assert promoter.rollback(ADA).bundle == "starter"


def test_a_rollback_to_a_bundle_that_was_replaced_is_refused(
    promoter: Promoter, configuration: Configuration, models: Path
) -> None:
    promoter.promote("ours-1", ADA)
    promoter.promote("ours-2", ADA)
    rewrite(models / "ours-1", temperature=2.5)

    with pytest.raises(ModelError, match="was replaced since ada promoted it") as caught:
        promoter.rollback(ADA)

    assert "docsorter model promote ours-1" in caught.value.remedy
    assert in_use(configuration) == "ours-2"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nonesuch", ModelError),
        ("../models/ours-1", UsageError),
        ("/etc", UsageError),
        ("promoted", UsageError),
        (".", UsageError),
    ],
)
def test_what_is_no_bundle_of_the_folder_is_refused(
    promoter: Promoter, name: str, kind: type[DocsorterError]
) -> None:
    with pytest.raises(kind) as caught:
        promoter.promote(name, ADA)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("labels", "words"),
    [(("a/b", "claim", "letter"), "cannot be a label"), (("a", "A", "c"), "written differently")],
)
def test_labels_that_cannot_be_folders_are_refused(
    promoter: Promoter, models: Path, labels: tuple[str, ...], words: str
) -> None:
    rewrite(models / "ours-1", labels=labels)

    with pytest.raises(ModelError, match=words):
        promoter.promote("ours-1", ADA)


def test_settings_that_do_not_fit_the_model_are_named(
    configuration: Configuration, models: Path, store: Store, clock: ManualClock
) -> None:
    assert models.is_dir()
    text = '[decide]\npolicies = { letter = "review" }\n[deliver]\ntemplate = "{name}"\n'
    (configuration.workspace / "docsorter.toml").write_text(text)
    promoter = Promoter(load(configuration.workspace), store, clock)

    with pytest.raises(SettingsError, match="a label model ours-2 was not trained on"):
        promoter.promote("ours-2", ADA)


def test_a_pinned_model_cannot_be_promoted_over(
    configuration: Configuration, store: Store, clock: ManualClock
) -> None:
    (configuration.workspace / "docsorter.toml").write_text('[model]\nbundle = "starter"\n')
    promoter = Promoter(load(configuration.workspace), store, clock)

    words = r'pinned: model.bundle = "starter" \(docsorter.toml'
    with pytest.raises(UsageError, match=words):
        promoter.promote("ours-1", ADA)
    with pytest.raises(UsageError, match=words):
        promoter.rollback(ADA)


def test_a_rollback_that_somebody_overtook_says_so(
    promoter: Promoter, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoter.promote("ours-1", ADA)
    promoter.promote("ours-2", ADA)
    file = PromotionFile(models)
    seen = file.read()
    answers = iter([seen])
    real = PromotionFile.read
    bob = seen.acts[-1].model_copy(update={"by": "bob", "bundle": "ours-1"})
    file.append(bob)
    monkeypatch.setattr(PromotionFile, "read", lambda self: next(answers, None) or real(self))

    with pytest.raises(ConflictError, match="bob changed the model meanwhile: ours-1 is in use"):
        promoter.rollback(ADA)


def test_promotions_at_the_same_time_all_count_and_none_tears_the_list(
    configuration: Configuration, models: Path
) -> None:
    words = ["-w", str(configuration.workspace), "model", "promote", "--no-wait"]
    with Path(os.devnull).open("r+b") as nothing:
        running = [
            forge.start([*words, name], stdout=nothing, stderr=nothing, env=os.environ)
            for name in ("ours-1", "ours-2", "ours-1")
        ]
    file = PromotionFile(models)
    while waiting := [process for process in running if process.poll() is None]:
        file.read()  # a torn list would be refused
        with contextlib.suppress(subprocess.TimeoutExpired):
            waiting[0].wait(0.005)

    assert [process.returncode for process in running] == [0, 0, 0]
    acts = file.read().acts
    assert {act.bundle for act in acts} >= {"ours-1", "ours-2"}
    previous = ["starter", *(act.bundle for act in acts)]
    assert [act.previous for act in acts] == previous[:-1], "each saw what the one before it did"
