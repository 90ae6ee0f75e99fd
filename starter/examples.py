"""The example scans of `docsorter demo`: `python -m starter.examples inbox_examples`."""

import argparse
import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pikepdf
import pillow_heif
from PIL import Image

from starter import capture
from starter.capture import Capture, skewed, to_image, to_pixels
from starter.document import SyntheticDocument, generate
from starter.kinds import Label

# ----------------------------------------------------------------------
# Puts a generated document into a file of one kind, as scanners, faxes and phones do.

_A4_INCHES = 11.69
_WHEN = time.gmtime(1_789_400_000)
_PASSWORD = "example"  # noqa: S105 - the file is meant to be locked; nobody needs to open it


def _bytes(page: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    page.save(buffer, kind, **options)
    return buffer.getvalue()


def _dpi(page: Image.Image) -> float:
    """Return the resolution at which the page's longer side is that of A4."""
    return round(max(page.size) / _A4_INCHES, 1)


def _black_and_white(page: Image.Image) -> Image.Image:
    return page.convert("L").point([0 if shade < 150 else 255 for shade in range(256)]).convert("1")


def born_digital(document: SyntheticDocument) -> bytes:
    """Return a PDF made of text and lines."""
    return document.pdf()


def scanned_pdf(document: SyntheticDocument) -> bytes:
    """Return a PDF with one picture a page: G4 for black and white, JPEG for all others."""
    if document.capture.startswith("bilevel"):
        return _pdf([_black_and_white(page) for page in document.pages])
    return _pdf(list(document.pages), quality=55)


def _pdf(pages: list[Image.Image], **options: object) -> bytes:
    return _bytes(
        pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=_dpi(pages[0]),
        creationDate=_WHEN, modDate=_WHEN, **options,
    )  # fmt: skip


def _tiff(pages: list[Image.Image], compression: str, **options: object) -> bytes:
    dpi = _dpi(pages[0])
    return _bytes(
        pages[0], "TIFF", save_all=True, append_images=pages[1:], compression=compression,
        dpi=(dpi, dpi), **options,
    )  # fmt: skip


def tiff_g4(document: SyntheticDocument) -> bytes:
    """Return a black and white TIFF with fax compression, one or more pages."""
    return _tiff([_black_and_white(page) for page in document.pages], "group4")


def tiff_lzw(document: SyntheticDocument) -> bytes:
    """Return a grey TIFF with LZW compression."""
    return _tiff([page.convert("L") for page in document.pages[:1]], "tiff_lzw")


def tiff_jpeg(document: SyntheticDocument) -> bytes:
    """Return a grey TIFF with JPEG inside."""
    return _tiff([page.convert("L") for page in document.pages[:1]], "jpeg", quality=55)


def jpeg(document: SyntheticDocument) -> bytes:
    """Return the first page as JPEG."""
    dpi = round(_dpi(document.pages[0]))
    return _bytes(document.pages[0], "JPEG", quality=55, dpi=(dpi, dpi))


def png(document: SyntheticDocument) -> bytes:
    """Return the first page as PNG."""
    return _bytes(document.pages[0].quantize(64), "PNG", optimize=True)


def webp(document: SyntheticDocument) -> bytes:
    """Return the first page as WebP."""
    return _bytes(document.pages[0], "WEBP", quality=55)


def one_bit_bmp(document: SyntheticDocument) -> bytes:
    """Return the first page as a black and white BMP."""
    return _bytes(_black_and_white(document.pages[0]), "BMP")


def heic(document: SyntheticDocument) -> bytes:
    """Return the first page as HEIC, as a phone stores it."""
    buffer = io.BytesIO()
    pillow_heif.from_pillow(document.pages[0]).save(buffer, quality=45)
    return buffer.getvalue()


def truncated(document: SyntheticDocument) -> bytes:
    """Return a scanned PDF of which the last part never arrived."""
    whole = scanned_pdf(document)
    return whole[: len(whole) * 3 // 5]


def encrypted(document: SyntheticDocument) -> bytes:
    """Return a PDF that asks for a password.

    The old RC4 cipher is used because it takes no random numbers, so the bytes are the same
    each time; nothing in the file is secret.
    """
    buffer = io.BytesIO()
    lock = pikepdf.Encryption(user=_PASSWORD, owner=_PASSWORD, R=3, aes=False, metadata=False)
    with pikepdf.open(io.BytesIO(document.pdf())) as pdf:
        pdf.save(buffer, encryption=lock, static_id=True)
    return buffer.getvalue()


def duplicate_of(name: str) -> str:
    """Return the name that a second copy of ``name`` gets; it sorts, and so comes, after it."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem}_2{dot}{ending}"


# ----------------------------------------------------------------------
# The example inbox: what an office receives on a Monday, all of it made up.
#
# ``python -m starter.examples OUTDIR`` writes the files. Their layouts belong to
# the split ``test``, so a model trained on generated documents has seen none of them.

Expected = Label | Literal["unreadable", "duplicate"]
Encoder = Callable[[SyntheticDocument], bytes]


@dataclass(frozen=True, slots=True)
class Example:
    """One file of the example inbox."""

    name: str
    expected: Expected
    """Its label; ``unreadable`` for what must be rejected, ``duplicate`` for a second copy."""
    kind: str
    locale: str
    seed: int
    encode: Encoder
    capture: str = "digital"
    turn: int = 0
    height: int = 1400
    mishap: Literal["", "stain", "skew", "folds"] = ""


_MUELLER = "Rechnung Müller & Söhne.pdf"

EXAMPLES: tuple[Example, ...] = (
    Example(_MUELLER, "invoice", "invoice-business", "de_DE", 3, born_digital),
    Example("invoice-2026-0417.pdf", "invoice", "invoice-template", "en_US", 2, born_digital),
    Example("Facture énergie août.pdf", "invoice", "invoice-utility", "fr_FR", 4, born_digital),
    Example("Faktura 2026-118.pdf", "invoice", "invoice-business", "sv_SE", 7, born_digital),
    Example(
        "scan_20260914_0007.pdf", "invoice", "invoice-business", "en_GB", 5, scanned_pdf, "flatbed"
    ),
    Example("Scan0012.tif", "invoice", "invoice-matrix", "en_US", 6, tiff_lzw, height=1200),
    Example("fattura 118.png", "invoice", "invoice-plain", "it_IT", 8, png, height=1100),
    Example(
        "factuur werkplaats.jpg",
        "invoice",
        "invoice-pad",
        "nl_NL",
        9,
        jpeg,
        "flatbed",
        mishap="stain",
    ),
    Example(
        "scan_20260914_0008.pdf",
        "claim",
        "claim-medical",
        "en_US",
        12,
        scanned_pdf,
        "bilevel",
        height=2000,
    ),
    Example(
        "FAX-20260911-1422.tif", "claim", "claim-motor", "de_DE", 13, tiff_g4, "fax", height=1700
    ),
    Example("IMG_2093.heic", "claim", "claim-expense", "en_GB", 14, heic, "phone"),
    Example("claim form signed.jpg", "claim", "claim-loss", "en_GB", 15, jpeg, "flatbed"),
    Example("Spesen_August.webp", "claim", "claim-expense", "de_AT", 16, webp, "grey"),
    Example(
        "scan_20260914_0012.jpg", "claim", "claim-travel", "es_ES", 17, jpeg, "grey", mishap="skew"
    ),
    Example("szkoda_komunikacyjna.pdf", "claim", "claim-motor", "pl_PL", 18, born_digital),
    Example("kasa zwrot.jpeg", "claim", "claim-cash", "pl_PL", 19, jpeg, "phone", height=1200),
    Example(
        "Schreiben Stadtverwaltung.pdf", "letter", "letter-authority", "de_DE", 22, born_digital
    ),
    Example(
        "Letter_2026_signed.pdf",
        "letter",
        "letter-continued",
        "en_US",
        23,
        scanned_pdf,
        "flatbed",
    ),
    Example(
        "fax_in_0093.tiff", "letter", "letter-continued", "en_GB", 24, tiff_g4, "fax", height=1700
    ),
    Example(
        "copieur_2026-09-15.tif", "letter", "letter-business", "fr_FR", 25, tiff_jpeg, "copier"
    ),
    Example("Scan0013.bmp", "letter", "letter-memo", "en_US", 26, one_bit_bmp, height=1100),
    Example(
        "scan_20260914_0011.jpg", "letter", "letter-business", "en_US", 27, jpeg, "flatbed", 180
    ),
    Example(
        "carta da Sra. Lopes.jpg",
        "letter",
        "letter-personal",
        "pt_PT",
        28,
        jpeg,
        "flatbed",
        mishap="folds",
    ),
    Example(
        "old_file_copy_1974.pdf", "letter", "letter-typewritten", "en_US", 29, scanned_pdf, "copier"
    ),
    Example("IMG_2094.jpg", "other", "receipt", "en_US", 31, jpeg, "phone", height=1100),
    Example("Wanderkarte.jpg", "other", "map", "de_DE", 32, jpeg, "flatbed", height=900),
    Example("Kontoauszug_08_2026.pdf", "other", "bank-statement", "de_DE", 33, born_digital),
    Example(
        "scan_20260914_0013.pdf",
        "unreadable",
        "invoice-business",
        "en_US",
        34,
        truncated,
        "flatbed",
    ),
    Example("Vertraulich.pdf", "unreadable", "letter-business", "de_DE", 35, encrypted),
    Example(duplicate_of(_MUELLER), "duplicate", "invoice-business", "de_DE", 3, born_digital),
)
"""Every file of the inbox, with what is right for it."""


def _spoilt(page: Image.Image, mishap: str) -> Image.Image:
    """Return the page after what happened to it."""
    rng = np.random.default_rng(11)
    if mishap == "skew":
        return skewed(page, 3.0, (12, -8), 255)
    spoil = {"stain": capture.stain, "folds": capture.folds}[mishap]
    return to_image(spoil(to_pixels(page), rng))


def document_for(example: Example) -> SyntheticDocument:
    """Generate the document that ``example`` shows, before it is put into a file."""
    document = generate(
        example.kind,
        example.seed,
        "test",
        height=example.height,
        locale=example.locale,
        capture=Capture(example.capture, example.turn),
    )
    if not example.mishap:
        return document
    pages = tuple(_spoilt(page, example.mishap) for page in document.pages)
    return document.with_pages(pages)


def write_examples(directory: Path) -> list[Path]:
    """Write the example inbox into ``directory``, which is made if it is missing.

    The same fonts and library versions give the same bytes.

    Raises:
        OSError: if a file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for example in EXAMPLES:
        path = directory / example.name
        path.write_bytes(example.encode(document_for(example)))
        written.append(path)
    return written


def main(arguments: list[str] | None = None) -> int:
    """Write the examples to the folder named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the example inbox.")
    parser.add_argument("outdir", type=Path, help="folder for the files")
    chosen = parser.parse_args(arguments)
    try:
        written = write_examples(chosen.outdir)
    except OSError as error:
        sys.stderr.write(f"cannot write the examples: {error}; choose a folder you may write to\n")
        return 1
    total = sum(path.stat().st_size for path in written)
    sys.stdout.write(f"{len(written)} files, {total / 1e6:.1f} MB, in {chosen.outdir}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
