"""Which sample pages of the model in use a document is most like; looks at it again for that."""

from dataclasses import dataclass

import numpy as np

from docsorter.configuration import Configuration
from docsorter.documents import Document
from docsorter.pages.reader import PageReader
from docsorter.service.desk.neighbours import SHOWN, open_eye


@dataclass(frozen=True, slots=True)
class Near:
    """A sample page.

    Attributes:
        name: What it is called in the bundle.
        label: What it is; "" for a foreign one.
        distance: Whitened; about 1 is as far as pages of one kind usually are from its centre.
    """

    name: str
    label: str
    distance: float


def nearest_pages(configuration: Configuration, document: Document) -> tuple[Near, ...]:
    """Return the sample pages most like the first page of a document, the nearest first.

    Args:
        configuration: The workspace.
        document: Read again, in the sandbox.

    Raises:
        DocumentError: It cannot be read.
        ModelError: The model is missing or damaged.
        EnvironmentFaultError: The file is gone, or the disk fails.
    """
    eye = open_eye(configuration)
    settings = configuration.settings.pages.model_copy(update={"page_cap": 1})
    path = configuration.root(document.place) / document.path
    with PageReader(settings, size=eye.size, concurrency=1) as reader:
        place = eye.place(reader.read(path, name=document.name).pixels[0])
    found = [
        Near(one.name, one.label, float(np.linalg.norm(one.place - place))) for one in eye.samples
    ]
    return tuple(sorted(found, key=lambda near: near.distance)[:SHOWN])
