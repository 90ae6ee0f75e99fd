"""A promotion wakes the daemon by itself where the file system tells of changes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docsorter.configuration import Configuration, load
from docsorter.filesystem import Disk
from docsorter.model.registry import FILE_NAME
from docsorter.service.daemon.model_switch import PromotionWatch

_PATIENCE = 30.0


@contextmanager
def started(configuration: Configuration) -> Iterator[tuple[PromotionWatch, threading.Event]]:
    woken = threading.Event()
    watch = PromotionWatch(configuration, woken.set)
    watch.start()
    try:
        yield watch, woken
    finally:
        watch.stop()


@pytest.fixture
def models(configuration: Configuration) -> Path:
    folder = configuration.state / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def configured(configuration: Configuration, text: str) -> Configuration:
    (configuration.workspace / "docsorter.toml").write_text(text)
    return load(configuration.workspace)


def test_a_promotion_wakes(configuration: Configuration, models: Path) -> None:
    with started(configuration) as (watch, woken):
        assert watch.tells()
        Disk().write_durably(models / FILE_NAME, b"{}")
        assert woken.wait(_PATIENCE)


def test_a_folder_that_is_gone_or_another_has_to_be_looked_at(
    configuration: Configuration, models: Path
) -> None:
    with started(configuration) as (watch, _):
        models.rename(models.with_name("aside"))
        assert not watch.tells()
        models.mkdir()
        assert not watch.tells()


def test_without_events_it_has_to_be_looked_at(configuration: Configuration, models: Path) -> None:
    assert models.is_dir()
    with started(configured(configuration, '[intake]\nwatch = "polling"\n')) as (watch, _):
        assert not watch.tells()


def test_without_a_folder_it_has_to_be_looked_at(
    configuration: Configuration, models: Path
) -> None:
    models.rmdir()
    with started(configuration) as (watch, _):
        assert not watch.tells()


def test_a_pinned_model_needs_no_look(configuration: Configuration) -> None:
    before = threading.active_count()
    with started(configured(configuration, '[model]\nbundle = "starter"\n')) as (watch, _):
        assert watch.tells()
        assert threading.active_count() == before
