"""What `docsorter retrain` prints in the end."""

from typing import TYPE_CHECKING

from docsorter.cli.output import fields, print_json, print_table, say

if TYPE_CHECKING:
    from docsorter.service.learning.candidates import Taught
    from docsorter.service.learning.judging import Judged
    from docsorter.service.learning.manifest import LeftOut, Manifest
    from docsorter.service.learning.unlearned import Unlearned

_SHOWN = 20


class Told:
    """What there is to print; None where nothing came of it."""

    def __init__(self) -> None:
        self.unlearned: Unlearned | None = None
        self.manifest: Manifest | None = None
        self.taught: Taught | None = None
        self.judged: Judged | None = None


def print_told(told: Told, *, as_json: bool, note: str) -> None:
    """Print it for people, or as JSON."""
    if as_json:
        manifest = told.manifest
        print_json(
            {
                "unlearned": told.unlearned,
                "snapshot": manifest.model_dump(mode="json") if manifest else None,
                "training": told.taught.figures if told.taught else None,
                "candidate": told.judged.candidate.model_dump(mode="json") if told.judged else None,
                "gate": told.judged.gate if told.judged else None,
                "automation": told.judged.taking_over if told.judged else None,
                "note": note,
            }
        )
        return
    if told.manifest is not None:
        _print_snapshot(told.manifest)
    if told.taught is not None and told.taught.lines:
        fields(told.taught.lines)
        say()
    if told.judged is not None:
        _print_gate(told.judged)
    elif told.unlearned is not None:
        say(told.unlearned.sentence())
    say(note)


def _print_snapshot(manifest: "Manifest") -> None:
    if manifest.asked:
        say(f"{len(manifest.asked)} doubtful answers are not learned from:")
        print_table(
            (">id", "said to be", "but", "see"),
            (_doubt(one) for one in manifest.asked[:_SHOWN]),
            empty="none",
        )
        if len(manifest.asked) > _SHOWN:
            say(f"and {len(manifest.asked) - _SHOWN} more: --json lists them all")
        first = manifest.asked[0].document
        say(f"look: docsorter explain {first}; right after all: --confirm {first}")
        say(f"wrong: docsorter review undo {first}, then answer it anew")
        say()
    others = [one for one in manifest.left_out if one not in manifest.asked]
    rows: list[tuple[str, object]] = [
        ("snapshot", f"{manifest.name}, from {manifest.base} (model {manifest.base_model})"),
        ("learned from", ", ".join(f"{n} {label}" for label, n in manifest.counts.items())),
    ]
    if manifest.generated:
        made = ", ".join(f"{n} {label}" for label, n in manifest.generated.items())
        rows.append(("generated", f"{made}, since people named too few"))
    if others:
        rows.append(
            ("left out", f"{len(others)} more, e.g. {others[0].document}: {others[0].text}")
        )
    fields(rows)
    say()


def _doubt(one: "LeftOut") -> tuple[object, ...]:
    return one.document, one.label, one.text, " ".join(map(str, one.others[:5]))


def _print_gate(judged: "Judged") -> None:
    gate = judged.gate
    worse = f"{100 * gate.difference:+.2f} % of documents (below 0 is better)"
    rows: list[tuple[str, object]] = [
        ("candidate", f"{judged.candidate.name}, compared with {judged.in_use}"),
        ("checks", f"{gate.checks} later blind ones that neither has learned from"),
    ]
    if judged.unusable:
        rows.append(("", f"{judged.unusable} more have no file left to look at"))
    if gate.checks:
        rows += [
            ("only one right", f"candidate {gate.only_new_right}, in use {gate.only_old_right}"),
            ("wrong more often", f"{worse}, below {100 * gate.upper_bound:.1f} % for sure"),
        ]
    if judged.shadows:
        rows.append(("of its own", f"{len(judged.shadows)} checks that it would take along"))
    if judged.taking_over is not None:
        rows.append(("automation", judged.taking_over.why))
    rows.append(("gate", f"{gate.verdict}: {gate.why}"))
    fields(rows)
    for label in gate.labels:
        floor = "" if label.holds else "  FLOOR BROKEN"
        say(
            f"  {label.label}: {label.checks} checked, wrong {label.old_wrong} before, "
            f"{label.new_wrong} now{floor}"
        )
