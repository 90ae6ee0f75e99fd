"""What a person types to see only some of the queue: `reason:unsure source:fax scan_2026`."""

from docsorter.documents import ReasonCode
from docsorter.errors import UsageError
from docsorter.store import ReviewFilter

FIELDS = ("reason", "label", "source")
_HELP = "e.g. reason:unsure label:claim source:fax, or a part of the file name"


def parse_search(text: str) -> ReviewFilter:
    """Return the filter that a text asks for.

    Args:
        text: `reason:`, `label:` and `source:` each with a word (or "words in quotes"); everything
            else is a part of the file name.

    Raises:
        UsageError: It names a reason or a field that does not exist.
    """
    fields: dict[str, str] = {}
    name = []
    for word in _words(text):
        field, colon, value = word.partition(":")
        if colon and field in FIELDS:
            fields[field] = value
        elif colon and field.isidentifier() and value:
            raise UsageError(f"there is no {field!r} to search by", remedy=_HELP)
        else:
            name.append(word)
    return ReviewFilter(
        reason=_reason(fields["reason"]) if "reason" in fields else None,
        label=fields.get("label"),
        source=fields.get("source"),
        text=" ".join(name),
    )


def _reason(value: str) -> ReasonCode:
    try:
        return ReasonCode(value)
    except ValueError as error:
        near = [code.value for code in ReasonCode if value and code.value.startswith(value)]
        if len(near) == 1:
            return ReasonCode(near[0])
        raise UsageError(
            f"there is no reason {value!r}",
            remedy="e.g. unsure, unlike_training, pages_disagree, duplicate, undone",
        ) from error


def _words(text: str) -> list[str]:
    """Split at spaces outside of double quotes, which are dropped."""
    words, quoted, word = [], False, ""
    for character in text.strip():
        if character == '"':
            quoted = not quoted
        elif character.isspace() and not quoted:
            words.append(word)
            word = ""
        else:
            word += character
    return [each for each in (*words, word) if each]
