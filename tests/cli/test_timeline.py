import datetime as dt

import pytest

from docsorter.cli.explain import sentence
from docsorter.documents import Event

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("kind", "detail", "told"),
    [
        (
            "verdict",
            {"verdict": "review", "text": "unsure: claim 0.54", "model": "m-1", "novelty": 3.0},
            "decided: review, since unsure: claim 0.54 (model m-1)",
        ),
        (
            "answered",
            {"label": "letter", "guess": "claim", "uid": 7},
            "says it is letter; the model's guess was claim",
        ),
        (
            "verdict",
            {
                "verdict": "sort",
                "text": "sure: claim 0.95, needs 0.90",
                "confidence": 0.951,
                "promise": "threshold 0.90 certified on 641 checks",
            },
            (
                "decided: sort, since sure: claim 0.95, needs 0.90; sorted alone at 0.9510, "
                "threshold 0.90 certified on 641 checks"
            ),
        ),
        (
            "verdict",
            {"verdict": "review", "text": "earning", "inclusion": 0.13},
            "decided: review, since earning; drawn for a blind answer with probability 0.13",
        ),
        (
            "checked",
            {"label": "claim", "outcome": None},
            "says blind that it is claim; a second look is asked for",
        ),
        (
            "checked",
            {"label": None, "outcome": "wrong"},
            "says blind that it is none of the labels; the model was wrong",
        ),
        ("check_void", {"reason": "moved by hand"}, "its blind check is void: moved by hand"),
        ("answered", {"label": "letter", "guess": "letter"}, "says it is letter"),
        ("answered", {"label": None, "guess": None}, "refuses it"),
        ("answered", {"label": "letter", "batch": "b1"}, "says it is letter (batch b1)"),
        ("taken_back", {"label": "letter", "to": "review"}, "takes it back (it was letter)"),
        (
            "taken_back",
            {"label": None, "to": "spool"},
            "takes it back, to be decided again",
        ),
        (
            "second_opinion",
            {"label": "claim", "agrees": True},
            "says, asked blind, that it is claim",
        ),
        (
            "second_opinion",
            {"label": None, "agrees": False},
            "refuses it, asked blind; that disagrees, so it waits again",
        ),
        ("undone", {"label": "letter"}, "takes back that it is letter"),
        ("something_new", {"size": 3, "note": ""}, "something new, size 3"),
    ],
)
def test_an_event_is_told_in_plain_words(kind: str, detail: dict[str, object], told: str) -> None:
    assert sentence(Event(1, AT, kind, "daemon", 1, detail)) == told
