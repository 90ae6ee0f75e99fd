"""One generated document: from a kind and a seed to pages."""

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from PIL import Image

from docsorter.training.synth import (
    claim,
    claim_grid,
    claim_text,
    invoice,
    invoice_letter,
    invoice_office,
    invoice_special,
    invoice_trade,
    invoice_utility,
    letter,
    letter_archive,
    letter_public,
    notes,
    office,
    other_consents,
    other_dense,
    other_forms,
    other_manuals,
    other_sheets,
    other_texts,
    photo,
    pictures,
    showy,
    small,
    tables,
)
from docsorter.training.synth.capture import FINE, Capture, captured, draw_capture
from docsorter.training.synth.content import Writer
from docsorter.training.synth.fonts import font_book
from docsorter.training.synth.kinds import KINDS, Label, Split
from docsorter.training.synth.locales import locale_named
from docsorter.training.synth.markup import to_images, to_pdf
from docsorter.training.synth.plan import Plan, Slots, make_plan

Builder = Callable[[Plan, Writer], str]

SLOTS: dict[str, Slots] = {
    **invoice.SLOTS,
    **invoice_special.SLOTS,
    **invoice_utility.SLOTS,
    **notes.SLOTS,
    **photo.SLOTS,
    **claim.SLOTS,
    **letter.SLOTS,
    **office.SLOTS,
    **small.SLOTS,
    **showy.SLOTS,
    **tables.SLOTS,
    **pictures.SLOTS,
    **other_forms.SLOTS,
    **invoice_office.SLOTS,
    **invoice_letter.SLOTS,
    **invoice_trade.SLOTS,
    **claim_grid.SLOTS,
    **claim_text.SLOTS,
    **letter_archive.SLOTS,
    **letter_public.SLOTS,
    **other_dense.SLOTS,
    **other_sheets.SLOTS,
    **other_manuals.SLOTS,
    **other_consents.SLOTS,
    **other_texts.SLOTS,
}
"""The slots and parts of every kind."""

_BUILDERS: dict[str, Builder] = {
    "invoice-business": invoice.build,
    "invoice-template": invoice.build,
    "invoice-plain": invoice.build,
    "invoice-utility": invoice_utility.utility,
    "invoice-pad": invoice_special.pad,
    "invoice-matrix": invoice_special.matrix,
    "invoice-office": invoice_office.build,
    "invoice-letter": invoice_letter.letterlike,
    "invoice-folio": invoice_letter.folio,
    "invoice-freight": invoice_trade.freight,
    "invoice-web": invoice_trade.web,
    **dict.fromkeys(claim.SLOTS, claim.build),
    "claim-grid": claim_grid.build,
    "claim-digital": claim_text.digital,
    "claim-notice": claim_text.notice,
    "letter-business": letter.build,
    "letter-personal": letter.build,
    "letter-authority": letter.build,
    "letter-typewritten": letter.typewritten,
    "letter-memo": letter.memo,
    "letter-continued": letter.continued,
    "letter-archive": letter_archive.archived,
    "letter-naval": letter_archive.naval,
    "letter-fax": letter_archive.faxed,
    "letter-public": letter_public.public,
    "letter-agency": letter_public.agency,
    "letter-brief": letter_public.brief,
    "order": tables.trade,
    "delivery-note": tables.trade,
    "bank-statement": tables.statement,
    "resume": office.resume,
    "article": office.article,
    "report": office.report,
    "spreadsheet": tables.spreadsheet,
    "email": office.email,
    "receipt": small.receipt,
    "id-card": small.id_card,
    "business-card": small.business_card,
    "ticket": small.ticket,
    "certificate": showy.certificate,
    "slide": showy.slide,
    "flyer": showy.flyer,
    "barcode-sheet": showy.barcode_sheet,
    "blank": notes.blank,
    "handwriting": notes.handwriting,
    "plot": pictures.plot,
    "map": pictures.chart_map,
    "drawing": pictures.drawing,
    "book-page": pictures.book_page,
    "application-form": other_forms.application,
    "tax-form": other_forms.tax,
    "tax-return": other_dense.tax_return,
    "wage-slip": other_dense.wage_slip,
    "loan-form": other_dense.loan_form,
    "scrap": other_texts.scrap,
    "contract": other_texts.contract,
    "pay-slip": other_sheets.pay_slip,
    "questionnaire": other_texts.questionnaire,
    "newspaper": other_texts.newspaper,
    "data-sheet": other_sheets.data_sheet,
    "folder": other_sheets.folder,
    "programme": other_texts.programme,
    "manual": other_manuals.manual,
    "prose": other_manuals.prose,
    "consent-form": other_consents.consent_form,
}

# What is smaller than a sheet is rendered larger, so that its text stays text.
_SMALL = {"receipt": 1.0, "id-card": 2.4, "business-card": 2.2, "ticket": 1.1}
_SHEET_MM = 297.0
_PHOTO = "photo"
_BOX = Image.Resampling.BOX


@dataclass(frozen=True, slots=True)
class SyntheticDocument:
    """A generated document and all that is known of it."""

    kind: str
    label: Label
    seed: int
    split: Split
    layout: str
    locale: str
    capture: str
    """See ``Capture.tag``."""
    pages: tuple[Image.Image, ...]
    """RGB pictures of the pages, as captured."""
    source: str = field(repr=False)
    """Typst source of the document before it was captured; empty for a photograph."""

    def with_pages(self, pages: tuple[Image.Image, ...]) -> "SyntheticDocument":
        """Return the same document with other pictures of its pages."""
        return replace(self, pages=pages)

    def pdf(self) -> bytes:
        """Return the document as a PDF that was born digital.

        Raises:
            ValueError: if the document is a photograph, which was never typeset.
        """
        if not self.source:
            raise ValueError(f"{self.kind} is a picture and has no typeset form")
        return to_pdf(self.source)


def _rng(kind: str, seed: int, split: Split) -> random.Random:
    return random.Random(zlib.crc32(f"{kind}|{split}".encode()) << 32 | (seed & 0xFFFFFFFF))


def generate(
    kind: str,
    seed: int,
    split: Split,
    *,
    height: int = 1000,
    locale: str | None = None,
    capture: Capture | None = None,
) -> SyntheticDocument:
    """Generate one document; the same arguments and fonts give the same document.

    Args:
        kind: one of ``KINDS``.
        seed: any whole number, taken modulo 2**32.
        split: ``train`` or ``test``; they share neither layouts nor the faces that text is set in
            (the lettering inside logos and stamps is the same).
        height: about how many pixels a page is high.
        locale: a locale's code, such as ``fr_FR``; drawn from the seed when None.
        capture: how the pages are captured; drawn from the seed when None.

    Raises:
        KeyError: if there is no such kind or locale.
    """
    rng = _rng(kind, seed, split)
    place = locale_named(locale) if locale is not None else None
    plan = make_plan(kind, SLOTS[kind], split, font_book(), rng, place)
    way = draw_capture(rng, kind)
    way = capture if capture is not None else way
    shot = rng.getrandbits(32)
    finer = FINE.get(way.name, 1.0)
    if kind == _PHOTO:
        source, pages = "", [photo.photo(plan, round(height * finer))]
    else:
        source = _BUILDERS[kind](plan, Writer(plan.locale, rng))
        pages = to_images(source, _SHEET_MM / _SMALL.get(kind, 1.0), round(height * finer))
    done = [captured(p, way, shot + i, small=kind in _SMALL) for i, p in enumerate(pages)]
    if finer > 1.0:
        done = [p.resize((round(p.width / finer), round(p.height / finer)), _BOX) for p in done]
    return SyntheticDocument(
        kind, KINDS[kind], seed, split, plan.layout, plan.locale.code, way.tag, tuple(done), source
    )
