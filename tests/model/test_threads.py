from pathlib import Path

import pytest

from docsorter.model.bundle import load_bundle
from docsorter.model.threads import (
    FILE,
    RuntimeChoice,
    RuntimeEnvironment,
    Variant,
    choose,
    chosen_threads,
    measure,
    save_choice,
)
from docsorter.resources import starter_bundle_dir

NOW = RuntimeEnvironment(fingerprint="a" * 64, docsorter="1", runtime="2", cores=8)


def variant(threads: int, page_ms: float) -> Variant:
    return Variant(threads=threads, page_ms=page_ms, work_ms=1, golden_difference=0)


def test_fewer_threads_are_chosen_when_they_are_about_as_fast() -> None:
    assert choose((variant(1, 20), variant(2, 12), variant(4, 11.5), variant(8, 14))) == 2


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 1), (4, 2), (9, 4)])
def test_half_of_the_cores_are_left_to_the_decoders(
    tmp_path: Path, cores: int, threads: int
) -> None:
    assert chosen_threads(tmp_path, NOW.model_copy(update={"cores": cores})) == threads


def test_a_choice_is_heeded_while_nothing_has_changed(tmp_path: Path) -> None:
    save_choice(tmp_path, RuntimeChoice(environment=NOW, threads=2, measured=(variant(2, 12),)))
    assert chosen_threads(tmp_path, NOW) == 2


@pytest.mark.parametrize(
    "change", [{"fingerprint": "b" * 64}, {"docsorter": "2"}, {"runtime": "3"}, {"cores": 4}]
)
def test_a_choice_is_forgotten_when_its_ground_changes(
    tmp_path: Path, change: dict[str, object]
) -> None:
    save_choice(tmp_path, RuntimeChoice(environment=NOW, threads=2, measured=(variant(2, 12),)))
    now = NOW.model_copy(update=change)
    assert chosen_threads(tmp_path, now) == now.cores // 2


def test_a_damaged_choice_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    assert chosen_threads(tmp_path, NOW) == 4


@pytest.mark.slow
def test_every_number_of_threads_answers_the_golden_pages() -> None:
    measured = measure(load_bundle(starter_bundle_dir()), 4, 3)
    assert [one.threads for one in measured] == [1, 2]
    assert all(one.golden_difference <= 0.05 for one in measured)
