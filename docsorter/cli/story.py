"""The events of a document as sentences, for `explain`."""

from collections.abc import Callable, Mapping

from docsorter.documents import Event

Detail = Mapping[str, object]


def sentence(event: Event) -> str:
    """Say what happened in plain words; an event without words of its own shows its facts."""
    tell = _TOLD.get(event.kind)
    if tell is not None:
        return tell(event.detail)
    facts = (f"{name} {value}" for name, value in event.detail.items() if value not in (None, ""))
    return ", ".join([event.kind.replace("_", " "), *facts])


def _verdict(detail: Detail) -> str:
    verdict, text = detail.get("verdict"), detail.get("text")
    model = f" (model {detail['model']})" if detail.get("model") else ""
    said = f"decided: {verdict}, since {text}{model}"
    promise, confidence = detail.get("promise"), detail.get("confidence")
    if promise and verdict == "sort" and isinstance(confidence, float):
        said += f"; sorted alone at {confidence:.4f}, {promise}"
    share = detail.get("inclusion")
    if isinstance(share, float):
        said += f"; drawn for a blind answer with probability {share:.2f}"
    return said


def _checked(detail: Detail) -> str:
    label, outcome = detail.get("label"), detail.get("outcome")
    said = f"says blind that it is {label}" if label else "says blind that it is none of the labels"
    settled = {"right": "the model was right", "wrong": "the model was wrong", "void": "it is void"}
    return f"{said}; {settled.get(str(outcome), 'a second look is asked for')}"


def _answered(detail: Detail) -> str:
    label, guess = detail.get("label"), detail.get("guess")
    said = f"says it is {label}" if label else "refuses it"
    said += f" (batch {detail['batch']})" if detail.get("batch") else ""
    return f"{said}; the model's guess was {guess}" if guess and guess != label else said


def _undone(detail: Detail) -> str:
    label = detail.get("label")
    return f"takes back that it is {label}" if label else "takes the refusal back"


def _taken_back(detail: Detail) -> str:
    label, where = detail.get("label"), detail.get("to")
    again = ", to be decided again" if where == "spool" else ""
    return f"takes it back{f' (it was {label})' if label else ''}{again}"


def _second_opinion(detail: Detail) -> str:
    label = detail.get("label")
    said = f"says, asked blind, that it is {label}" if label else "refuses it, asked blind"
    return said if detail.get("agrees") else f"{said}; that disagrees, so it waits again"


def _waiting(detail: Detail) -> str:
    return f"waits ({detail.get('reason')}), try {detail.get('attempts')} failed"


_TOLD: dict[str, Callable[[Detail], str]] = {
    "claim_planned": lambda detail: f"seen complete in the inbox, {detail.get('size')} bytes",
    "claimed": lambda _: "taken out of the inbox",
    "verdict": _verdict,
    "queued": lambda _: "put before a person",
    "delivered": lambda _: "delivered",
    "rejected": lambda _: "put aside with its reason",
    "answered": _answered,
    "checked": _checked,
    "check_void": lambda detail: f"its blind check is void: {detail.get('reason')}",
    "undone": _undone,
    "taken_back": _taken_back,
    "second_opinion": _second_opinion,
    "waiting": _waiting,
    "move_abandoned": lambda detail: f"a move was given up: {detail.get('reason')}",
    "missing": lambda detail: f"no longer where it was put ({detail.get('place')})",
}
