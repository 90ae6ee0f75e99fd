"""Where documents go that are not sorted; a name that is taken is numbered by the mover."""

from docsorter.deliver.names import safe_name
from docsorter.documents import Document


def review_path(document: Document) -> str:
    """Return the path under the review root for a document that a person is to see (again)."""
    return safe_name(document.name)


def rejected_path(document: Document) -> str:
    """Return the path under the rejected root for a document that is refused."""
    return safe_name(document.name)
