"""What a document is most like: sample pages of the model, and documents that people answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from docsorter.configuration import Configuration
from docsorter.decide.likeness import SHOWN
from docsorter.documents import Document
from docsorter.errors import DocumentError, EnvironmentFaultError
from docsorter.pages.reader import PageReader
from docsorter.service.desk.examples import latest_examples
from docsorter.service.desk.neighbours import Eye, Features, open_eye
from docsorter.store import Store

Kind = Literal["sample", "taught", "answered"]


@dataclass(frozen=True, slots=True)
class Near:
    """A page that it is like.

    Attributes:
        name: What a sample page is called in the bundle, else the name of the document.
        label: What it is; "" for a foreign one.
        distance: Whitened; about 1 is as far as pages of one kind usually are from its centre.
        kind: A sample page of the model, a document that the model learned from, or one that people
            answered and the model has not learned.
        document: Number of that document, None for a sample page.
    """

    name: str
    label: str
    distance: float
    kind: Kind = "sample"
    document: int | None = None


def nearest_pages(
    configuration: Configuration, store: Store, document: Document
) -> tuple[Near, ...]:
    """Return the pages most like the first page of a document, the nearest first.

    Args:
        configuration: The workspace.
        store: Has the answered documents that it is compared with; they are read again as well.
        document: Read again, in the sandbox.

    Raises:
        DocumentError: It cannot be read.
        ModelError: The model is missing or damaged.
        EnvironmentFaultError: The file is gone, or the disk fails.
    """
    eye = open_eye(configuration)
    settings = configuration.settings.pages.model_copy(update={"page_cap": 1})
    with PageReader(settings, size=eye.size, concurrency=1) as reader:

        def place(one: Document) -> Features:
            path = configuration.root(one.place) / one.path
            return eye.place(reader.read(path, name=one.name).pixels[0])

        here = place(document)

        def distance(there: Features) -> float:
            return float(np.linalg.norm(there - here))

        def answered() -> Iterator[Near]:
            for example in latest_examples(store, eye.model):
                other = example.document
                if other.id == document.id:
                    continue
                try:
                    far = distance(place(other))
                except (DocumentError, EnvironmentFaultError):
                    continue  # moved by hand since, or not readable any more
                kind: Kind = "taught" if example.taught else "answered"
                yield Near(other.name, example.label, far, kind, other.id)

        found = [*_samples(eye, here), *answered()]
    return tuple(sorted(found, key=lambda near: near.distance)[:SHOWN])


def _samples(eye: Eye, here: Features) -> list[Near]:
    return [
        Near(one.name, one.label, float(np.linalg.norm(one.place - here))) for one in eye.samples
    ]
