"""Writes the report and its numbers into a folder, each file whole or not at all."""

import json
import os
import tempfile
from pathlib import Path
from typing import Final

from docsorter.errors import EnvironmentFaultError, UsageError
from docsorter.filesystem import environment_reason

REPORT: Final = "report.html"
NUMBERS: Final = "evaluation.json"


def report_folder(out: Path, documents: Path) -> Path:
    """Make the folder for the report, before anything long is begun.

    Args:
        out: The folder; files of an earlier report in it are replaced.
        documents: The folder that is evaluated; the report may not lie in it, or pictures of pages
            would be documents the next time.

    Raises:
        UsageError: The report would lie among the documents, or `out` is a file.
        EnvironmentFaultError: The folder cannot be made.
    """
    if out.resolve().is_relative_to(documents.resolve()):
        raise UsageError(
            f"the report may not lie among the documents: {out} is in {documents}",
            remedy="choose a folder outside for --out",
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", remedy="choose a folder for --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _fault(error, out) from error
    return out


def write_report(out: Path, page: str, numbers: object) -> tuple[Path, Path]:
    """Write the page and the numbers; return where they are.

    Raises:
        EnvironmentFaultError: The disk is full, or the folder cannot be written.
    """
    report, table = out / REPORT, out / NUMBERS
    _write(report, page)
    _write(table, json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    return report, table


def _write(path: Path, text: str) -> None:
    part = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        part = Path(name)
        # A file name may hold bytes that are no UTF-8.
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
        part.chmod(0o644 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise _fault(error, path) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _fault(error: OSError, path: Path) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        f"the report cannot be written: {path}: {environment_reason(error).text}",
        remedy="make room or choose another folder for --out",
    )
