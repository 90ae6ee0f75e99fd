"""`docsorter undo --decide-again` as a person types it: real documents, real models."""

import json
import shutil
from pathlib import Path

import pytest

from docsorter.configuration import Configuration
from docsorter.documents import Place, State
from docsorter.resources import examples_dir
from docsorter.service.review.service import open_review_service
from docsorter.service.upkeep.verify import Verifier
from tests.cli.running import docsorter
from tests.model.variants import write_variant
from tests.service.running import every_file

pytestmark = pytest.mark.slow

SURE = ("scan_20260914_0012.jpg", "fattura 118.png")
UNSURE = "scan_20260914_0011.jpg"


def test_what_one_model_sorted_is_taken_back_and_decided_by_another(
    configuration: Configuration, tmp_path: Path
) -> None:
    where = f"--workspace={configuration.workspace}"
    write_variant(configuration.state / "models" / "ours-1", temperature=8.0)
    scans = [shutil.copy(examples_dir() / name, tmp_path / name) for name in (*SURE, UNSURE)]
    sorted_now = docsorter(where, "sort", *scans)
    assert sorted_now.returncode == 0, sorted_now.stderr
    with open_review_service(configuration) as service:
        before = {document.name: document for document in service.store.documents.find()}
        assert [before[name].state for name in SURE] == [State.SORTED] * 2

    again = docsorter(
        where, "undo", "--by", "machine", "--decide-again", "ours-1", "--yes", "--json"
    )
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)
    with open_review_service(configuration) as service:
        after = {document.name: document for document in service.store.documents.find()}
        assert after[UNSURE] == before[UNSURE], "it waits for a person, and was not meant"
        for name in SURE:
            # So cold a model is sure of nothing: what the starter sorted goes to a person now.
            assert after[name].state is State.REVIEW
            assert after[name].model == "ours-1"
            assert after[name].sha256 == before[name].sha256
            kinds = [
                event.kind for event in service.store.documents.events(document_id=after[name].id)
            ]
            assert kinds.count("verdict") == 2, "the log keeps both"
        files = every_file(configuration)
        assert files[Place.SORTED] == files[Place.SPOOL] == []
        assert len(files[Place.REVIEW]) == 3
        assert Verifier(configuration, service.store).verify().findings == []
