"""One generated document: from a kind and a seed to pages."""

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from PIL import Image

from starter import (
    claim,
    invoice,
    invoice_designed,
    invoice_service,
    invoice_trade,
    later_pages,
    letter,
    letter_archive,
    letter_template,
    office_forms,
    other_forms,
    other_office,
    other_papers,
    other_pictures,
    other_small,
    other_texts,
)
from starter.capture import FINE, Capture, captured, draw_capture
from starter.kinds import EVERY, Label, Split
from starter.scripts import draw_script, in_script
from starter.typesetting import (
    Plan,
    Slots,
    Writer,
    font_book,
    locale_named,
    make_plan,
    to_images,
    to_pdf,
)

Builder = Callable[[Plan, Writer], str]

SLOTS: dict[str, Slots] = {
    **invoice.SLOTS,
    **other_small.SLOTS,
    **other_pictures.SLOTS,
    **claim.SLOTS,
    **letter.SLOTS,
    **other_office.SLOTS,
    **other_forms.SLOTS,
    **office_forms.SLOTS,
    **invoice_trade.SLOTS,
    **invoice_service.SLOTS,
    **invoice_designed.SLOTS,
    **letter_archive.SLOTS,
    **letter_template.SLOTS,
    **other_texts.SLOTS,
    **other_papers.SLOTS,
    **later_pages.SLOTS,
}
"""The slots and parts of every kind."""

_BUILDERS: dict[str, Builder] = {
    "invoice-business": invoice.build,
    "invoice-template": invoice.build,
    "invoice-plain": invoice.build,
    "invoice-utility": invoice.utility,
    "invoice-pad": invoice.pad,
    "invoice-matrix": invoice.matrix,
    "invoice-office": invoice_trade.office,
    "invoice-letter": invoice_trade.letterlike,
    "invoice-folio": invoice_trade.folio,
    "invoice-freight": invoice_trade.freight,
    "invoice-web": invoice_trade.web,
    "invoice-data": invoice_service.printed_data,
    "invoice-premium": invoice_service.letter_of_fees,
    "invoice-stay": invoice_service.stay,
    "invoice-payment": invoice_designed.payment,
    "invoice-designed": invoice_designed.designed,
    "invoice-narrow": invoice_designed.narrow,
    "invoice-script": invoice_designed.in_script,
    **dict.fromkeys(claim.SLOTS, claim.build),
    "claim-grid": claim.grid,
    "claim-digital": claim.digital,
    "claim-notice": claim.notice,
    "letter-business": letter.build,
    "letter-personal": letter.build,
    "letter-authority": letter.build,
    "letter-typewritten": letter.typewritten,
    "letter-memo": letter.memo,
    "letter-continued": letter.continued,
    "letter-archive": letter_archive.archived,
    "letter-naval": letter_archive.naval,
    "letter-fax": letter_archive.faxed,
    "letter-public": letter.public,
    "letter-agency": letter.agency,
    "letter-brief": letter.brief,
    "letter-standard": letter_template.standard,
    "letter-cover": letter_template.cover,
    "letter-office": letter_template.office,
    "order": other_office.trade,
    "delivery-note": other_office.trade,
    "bank-statement": other_office.statement,
    "resume": other_office.resume,
    "article": other_office.article,
    "report": other_office.report,
    "spreadsheet": other_office.spreadsheet,
    "email": other_office.email,
    "receipt": other_small.receipt,
    "id-card": other_small.id_card,
    "business-card": other_small.business_card,
    "ticket": other_small.ticket,
    "certificate": other_small.certificate,
    "slide": other_small.slide,
    "flyer": other_small.flyer,
    "barcode-sheet": other_small.barcode_sheet,
    "blank": other_small.blank,
    "handwriting": other_small.handwriting,
    "plot": other_pictures.plot,
    "map": other_pictures.chart_map,
    "drawing": other_pictures.drawing,
    "book-page": other_pictures.book_page,
    "application-form": other_forms.application,
    "tax-form": other_forms.tax,
    "tax-return": other_forms.tax_return,
    "wage-slip": other_forms.wage_slip,
    "loan-form": other_forms.loan_form,
    "scrap": other_texts.scrap,
    "contract": other_texts.contract,
    "pay-slip": other_office.pay_slip,
    "questionnaire": other_texts.questionnaire,
    "newspaper": other_texts.newspaper,
    "data-sheet": other_office.data_sheet,
    "folder": other_office.folder,
    "programme": other_texts.programme,
    "manual": other_texts.manual,
    "prose": other_texts.prose,
    "consent-form": other_forms.consent_form,
    **office_forms.BUILDERS,
    "memo": other_papers.memo,
    "typed-report": other_papers.typed_report,
    "cable": other_papers.cable,
    "transcript": other_papers.transcript,
    "court-paper": other_papers.court_paper,
    "statute": other_papers.statute,
    "press-release": other_papers.release,
    "title-page": other_papers.title_page,
    "listing": other_papers.listing,
    "instructions": other_papers.instructions,
    "minutes": other_papers.minutes,
    "mail": other_papers.mail,
    **dict.fromkeys(later_pages.SLOTS, later_pages.build),
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
    """The locale's code; ``@`` and a script follow where another was drawn."""
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


def typeset(kind: str, seed: int, split: Split) -> tuple[Plan, str]:
    """Plan one document and return its Typst source, in the script of its language.

    Args:
        kind: one of ``EVERY`` that is typeset, that is, no photograph.
        seed: as for `generate`, which shows the same document.
        split: as for `generate`.
    """
    rng = _rng(kind, seed, split)
    plan = make_plan(kind, SLOTS[kind], split, font_book(), rng, None)
    draw_capture(rng, kind)
    rng.getrandbits(32)
    return plan, _BUILDERS[kind](plan, Writer(plan.locale, rng))


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
        kind: one of ``EVERY``.
        seed: any whole number, taken modulo 2**32.
        split: ``train`` or ``test``; they share neither layouts nor the faces that text is set in
            (the lettering inside logos and stamps is the same).
        height: about how many pixels a page is high.
        locale: a locale's code, such as ``fr_FR``; drawn from the seed when None, and so is the
            script that the texts are written in.
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
    code = plan.locale.code
    finer = FINE.get(way.name, 1.0)
    if kind == _PHOTO:
        source, pages = "", [other_pictures.photo(plan, round(height * finer))]
    else:
        source = _BUILDERS[kind](plan, Writer(plan.locale, rng))
        script, family = draw_script(font_book(), split, rng) if locale is None else ("", "")
        if script:
            source, code = in_script(source, script, family), f"{code}@{script}"
        pages = to_images(source, _SHEET_MM / _SMALL.get(kind, 1.0), round(height * finer))
    done = [captured(p, way, shot + i, small=kind in _SMALL) for i, p in enumerate(pages)]
    if finer > 1.0:
        done = [p.resize((round(p.width / finer), round(p.height / finer)), _BOX) for p in done]
    return SyntheticDocument(
        kind, EVERY[kind], seed, split, plan.layout, code, way.tag, tuple(done), source
    )
