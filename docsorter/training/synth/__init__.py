"""Synthetic documents: invoices, claims, letters and their neighbours, as scanners deliver them.

``generate`` makes one document, ``write_dataset`` a labelled folder of them.
"""

from docsorter.training.synth.dataset import Entry, read_index, spread, write_dataset
from docsorter.training.synth.document import SyntheticDocument, generate
from docsorter.training.synth.kinds import KINDS, LABELS, Label, Split, kinds_of

__all__ = [
    "KINDS",
    "LABELS",
    "Entry",
    "Label",
    "Split",
    "SyntheticDocument",
    "generate",
    "kinds_of",
    "read_index",
    "spread",
    "write_dataset",
]
