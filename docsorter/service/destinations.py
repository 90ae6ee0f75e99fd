"""Where a verdict leads: folder, file name and sidecar."""

import datetime as dt

from docsorter.configuration import Configuration
from docsorter.deliver.places import rejected_path, review_path
from docsorter.deliver.sidecar import sidecar_text
from docsorter.deliver.template import parse_template, render
from docsorter.documents import Document, Place, Prediction, State, Verdict, VerdictKind
from docsorter.store import Destination


class Destinations:
    """Turns verdicts into destinations.

    Args:
        configuration: Holds the template and whether sidecars are written.
        statement: What a sidecar says of the model's promise where `of` is given nothing.

    Raises:
        SettingsError: The destination template cannot be used.
    """

    def __init__(self, configuration: Configuration, statement: str = "") -> None:
        self._template = parse_template(configuration.settings.deliver.template)
        self._sidecar = configuration.settings.deliver.sidecar
        self._statement = statement

    def of(
        self,
        document: Document,
        verdict: Verdict,
        prediction: Prediction | None,
        *,
        answered_by: str | None = None,
        received: dt.datetime | None = None,
        statement: str = "",
    ) -> Destination:
        """Return where a document goes; the mover numbers names that are taken.

        A rejected file always gets its sidecar, since that is where its reason stands; in the
        review folder there is none, since the store answers for what waits there.
        """
        if verdict.kind is VerdictKind.REVIEW:
            return Destination(Place.REVIEW, review_path(document), State.REVIEW)
        text = sidecar_text(
            document,
            verdict,
            prediction,
            statement=statement or self._statement,
            answered_by=answered_by,
        )
        if verdict.kind is VerdictKind.REJECT:
            return Destination(Place.REJECTED, rejected_path(document), State.REJECTED, text)
        assert verdict.label is not None, "a document is sorted to a label"
        path = render(self._template, document, verdict.label, received)
        return Destination(Place.SORTED, str(path), State.SORTED, text if self._sidecar else None)
