"""From a delivered file and its sidecar back to a document, when the database lost it."""

import datetime as dt
import json
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from docsorter.disk import Disk
from docsorter.documents import Place, Reason, ReasonCode, Verdict, VerdictKind
from docsorter.settings import Label
from docsorter.store.audit_words import Adopted


class _Reason(BaseModel):
    code: ReasonCode
    text: str = ""


class _Verdict(BaseModel):
    kind: VerdictKind
    reason: _Reason
    label: Label | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    threshold: float | None = Field(default=None, ge=0, le=1)


class _Sidecar(BaseModel):
    """What is believed of a sidecar; anybody may have written to it."""

    model_config = ConfigDict(extra="ignore")

    docsorter: Literal[1]
    name: str = Field(min_length=1, max_length=1024)
    source: str = ""
    sha256: str
    size: int
    arrived_at: AwareDatetime
    verdict: _Verdict
    answered_by: str | None = None
    pages: int | None = None


def adoption(place: Place, path: str, file: Path, sidecar: Path, disk: Disk) -> Adopted | None:
    """Read what a delivered file was; None when its sidecar does not speak for these bytes.

    Args:
        place: SORTED or REJECTED.
        path: Of the file, under the place.
        file: The same on this machine.
        sidecar: Of the file.
        disk: Reads the digest.

    Raises:
        OSError: One of the two cannot be read.
    """
    text = sidecar.read_bytes()
    try:
        said = _Sidecar.model_validate_json(text)
        json.loads(text)
    except (ValidationError, ValueError):
        return None
    wanted = VerdictKind.SORT if place is Place.SORTED else VerdictKind.REJECT
    status = file.lstat()
    same = status.st_size == said.size and disk.sha256(file) == said.sha256
    if said.verdict.kind is not wanted or not same:
        return None
    verdict = said.verdict
    return Adopted(
        place=place,
        path=path,
        name=said.name,
        source=said.source,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=said.sha256,
        arrived_at=said.arrived_at.astimezone(dt.UTC),
        verdict=Verdict(
            verdict.kind,
            Reason(verdict.reason.code, verdict.reason.text),
            verdict.label,
            verdict.confidence,
            verdict.threshold,
        ),
        answered_by=said.answered_by,
        pages=said.pages,
        sidecar=text.decode("utf-8", "replace"),
    )
