import json
from dataclasses import replace
from pathlib import Path

import pytest

from docsorter.deliver.sidecar import document_of, sidecar_path, sidecar_text
from docsorter.documents import (
    Likeness,
    PagePrediction,
    PageRole,
    Prediction,
    Reason,
    ReasonCode,
    Verdict,
    VerdictKind,
)
from tests.deliver.yard import SURE, Yard

PREDICTION = Prediction(
    model="starter-1",
    labels=("claim", "invoice"),
    probabilities=(0.25, 0.75),
    novelty=12.5,
    pages=(PagePrediction((0.25, 0.75), 12.5, (Likeness("invoice-web", "invoice", 0.81234),)),),
)


def test_a_sidecar_says_all_that_was_decided(yard: Yard) -> None:
    document = yard.claimed("sub/Rechnung Nº 5.pdf")
    verdict = Verdict(
        VerdictKind.SORT, Reason(ReasonCode.SURE, "sure: invoice 0.75"), "invoice", 0.75, 0.7
    )
    text = sidecar_text(document, verdict, PREDICTION, statement="uncertified on your paper")
    content = json.loads(text)
    assert content == {
        "docsorter": 1,
        "id": document.id,
        "name": "Rechnung Nº 5.pdf",
        "source": "sub",
        "sha256": document.sha256,
        "size": document.size,
        "arrived_at": "2026-01-05T09:00:00+00:00",
        "pages": None,
        "verdict": {
            "kind": "sort",
            "label": "invoice",
            "confidence": 0.75,
            "threshold": 0.7,
            "reason": {"code": "sure", "text": "sure: invoice 0.75"},
        },
        "prediction": {
            "model": "starter-1",
            "label": "invoice",
            "confidence": 0.75,
            "probabilities": {"invoice": 0.75, "claim": 0.25},
            "novelty": 12.5,
            "pages": [
                {
                    "number": 1,
                    "probabilities": {"claim": 0.25, "invoice": 0.75},
                    "novelty": 12.5,
                    "nearest": [{"page": "invoice-web", "label": "invoice", "distance": 0.812}],
                    "role": "part",
                    "first_page": None,
                    "turned": 0,
                }
            ],
            "blank_pages": [],
            "undrawable_pages": [],
            "cut_before": [],
        },
        "answered_by": None,
        "duplicate_of": None,
        "statement": "uncertified on your paper",
    }


def test_a_sidecar_names_pages_by_their_number_in_the_file(yard: Yard) -> None:
    (page,) = PREDICTION.pages
    pages = (
        replace(page, number=1, first=0.5, turned=270),
        replace(page, number=4, role=PageRole.BEGINS, first=0.98),
    )
    told = replace(PREDICTION, pages=pages, blank=(0, 2), undrawable={3: "it is damaged"})
    content = json.loads(sidecar_text(yard.claimed(), SURE, told))["prediction"]
    assert [
        (one["number"], one["role"], one["first_page"], one["turned"]) for one in content["pages"]
    ] == [(2, "part", 0.5, 270), (5, "begins", 0.98, 0)]
    assert content["blank_pages"] == [1, 3]
    assert content["undrawable_pages"] == [{"page": 4, "why": "it is damaged"}]
    assert content["cut_before"] == [5]


def test_a_rejected_document_without_a_prediction_has_a_sidecar(yard: Yard) -> None:
    verdict = Verdict(VerdictKind.REJECT, Reason(ReasonCode.ENCRYPTED, "it needs a password"))
    content = json.loads(
        sidecar_text(replace(yard.claimed(), pages=3), verdict, None, answered_by="ada")
    )
    assert content["prediction"] is None
    assert content["verdict"]["reason"] == {"code": "encrypted", "text": "it needs a password"}
    assert (content["pages"], content["answered_by"]) == (3, "ada")


def test_a_name_that_is_no_unicode_is_written_all_the_same(yard: Yard) -> None:
    document = replace(yard.claimed(), name="caf\udce9.pdf")
    text = sidecar_text(document, SURE, None)
    assert json.loads(text.encode())["name"] == "caf\udce9.pdf"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"id": 7}', b'{"docsorter": 2, "id": 7}', b'{"docsorter": 1}'],
)
def test_a_foreign_file_is_no_sidecar_of_ours(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scan.pdf.json"
    path.write_bytes(content)
    assert document_of(path) is None


def test_only_a_plain_file_is_read_as_a_sidecar(tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_bytes(b'{"docsorter": 1, "id": 7}')
    (tmp_path / "link.json").symlink_to(mine)
    (tmp_path / "folder.json").mkdir()
    assert document_of(mine) == 7
    assert document_of(tmp_path / "link.json") is None
    assert document_of(tmp_path / "folder.json") is None
    assert document_of(tmp_path / "missing.json") is None
    assert sidecar_path(tmp_path / "scan.pdf").name == "scan.pdf.json"
