"""The sidecar: `NAME.json` beside a document, saying what was decided about it and why."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docsorter.documents import Document, Likeness, Prediction, Verdict

SCHEMA_VERSION = 1
SUFFIX = ".json"
_LARGEST = 1024 * 1024


def sidecar_path(document: Path) -> Path:
    """Return where the sidecar of a document lies."""
    return document.with_name(document.name + SUFFIX)


def sidecar_text(
    document: Document,
    verdict: Verdict,
    prediction: Prediction | None,
    *,
    statement: str = "",
    answered_by: str | None = None,
) -> str:
    """Write the sidecar of a document that is about to be moved.

    Args:
        document: The document, hashed.
        verdict: What was decided; for an answer, what the person decided.
        prediction: What the model saw, None when it saw nothing.
        statement: How far the model is to be trusted, e.g. "uncertified on your paper: ...".
        answered_by: Who answered; without it, what the document says.

    Returns:
        JSON, indented, with a line end; keys are described in docs/use/explain.md. It does not name
        the delivered file, so that it stays true when the file is numbered or moved.
    """
    content = {
        "docsorter": SCHEMA_VERSION,
        "id": document.id,
        "name": document.name,
        "source": document.source,
        "sha256": document.sha256,
        "size": document.size,
        "arrived_at": document.arrived_at.isoformat(),
        "pages": document.pages,
        "verdict": _verdict(verdict),
        "prediction": None if prediction is None else _prediction(prediction),
        "answered_by": answered_by or document.answered_by,
        "duplicate_of": document.duplicate_of,
        "statement": statement,
    }
    return _written(content)


def relabelled(text: str, names: Mapping[str, str]) -> str:
    """Return a sidecar in the labels of today; all else, and how it came about, stays.

    Args:
        text: As `sidecar_text` wrote it.
        names: What labels are called today.
    """
    content = json.loads(text)
    for part in ("verdict", "prediction"):
        said = content.get(part) or {}
        if "label" in said:
            said["label"] = names.get(said["label"], said["label"])
    prediction = content.get("prediction") or {}
    pages = prediction.get("pages", [])
    for shares in (prediction, *pages):
        added: dict[str, float] = {}
        for label, share in shares.get("probabilities", {}).items():
            today = names.get(label, label)
            added[today] = added.get(today, 0.0) + share
        if added:
            shares["probabilities"] = added
    for one in (one for page in pages for one in page.get("nearest", [])):
        one["label"] = names.get(one["label"], one["label"])
    return _written(content)


def _written(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def document_of(sidecar: Path) -> int | None:
    """Return the number of the document a sidecar belongs to, None when it is no sidecar of ours.

    Raises:
        OSError: It cannot be read.
    """
    if sidecar.is_symlink() or not sidecar.is_file() or sidecar.stat().st_size > _LARGEST:
        return None
    try:
        content = json.loads(sidecar.read_bytes())
    except (ValueError, RecursionError):
        return None
    ours = isinstance(content, dict) and content.get("docsorter") == SCHEMA_VERSION
    number = content.get("id") if ours else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "kind": verdict.kind.value,
        "label": verdict.label,
        "confidence": verdict.confidence,
        "threshold": verdict.threshold,
        "reason": {"code": verdict.reason.code.value, "text": verdict.reason.text},
    }


def _prediction(prediction: Prediction) -> dict[str, Any]:
    return {
        "model": prediction.model,
        "label": prediction.label,
        "confidence": prediction.confidence,
        "probabilities": dict(prediction.ranked),
        "novelty": prediction.novelty,
        "pages": [
            {
                "number": page.number + 1,
                "probabilities": dict(zip(prediction.labels, page.probabilities, strict=True)),
                "novelty": page.novelty,
                "nearest": [_near(one) for one in page.nearest],
                "role": page.role.value,
                "first_page": page.first,
                "turned": page.turned,
            }
            for page in prediction.pages
        ],
        "blank_pages": [number + 1 for number in prediction.blank],
        "undrawable_pages": [
            {"page": number + 1, "why": why} for number, why in prediction.undrawable.items()
        ],
        "cut_before": [number + 1 for number in prediction.cut_before],
    }


def _near(one: Likeness) -> dict[str, Any]:
    return {"page": one.name, "label": one.label, "distance": round(one.distance, 3)}
