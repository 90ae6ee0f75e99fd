"""Faults of the environment: each of docs/run/troubleshooting.md, everywhere it can strike."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.deploy.conftest import STRANGER, stranger_python
from tests.faults.play import SCENES
from tests.faults.stage import may_mount
from tests.torture.sections import Progress, Scale, SectionResult

_ROOT: Final = Path(__file__).resolve().parents[2]
_PLAY: Final = ("-m", "tests.faults.play")
_NAMESPACE: Final = ("unshare", "-rm", "--propagation", "private")


class Faults:
    """Stages every fault and counts how docsorter took it."""

    name = "faults"

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        """Play the scenes that can be played here; quick: one, as tests/faults plays each kind."""
        quick = ("--first", "--only", "clock set back by") if scale.quick else ()
        found: list[dict[str, Any]] = []
        skipped, failures = [], []
        with ExitStack() as stack:
            families: list[tuple[str, list[str], dict[str, Any]]] = [
                ("any other fault", [sys.executable, *_PLAY, *quick], {})
            ]
            if reason := may_mount():
                skipped.append(f"faults of file systems: {reason}")
            elif not scale.quick:
                command = [*_NAMESPACE, sys.executable, *_PLAY, "--mounts"]
                families.append(("file systems", command, {}))
            if not scale.quick:
                somebody = stack.enter_context(_somebody())
                if somebody is None:
                    skipped.append("lost permissions: root, and no other user may start Python")
                else:
                    command = [somebody.command, *_PLAY, "--unprivileged"]
                    families.append(("permissions", command, somebody.options))
            for what, command, options in families:
                progress(what, len(found), len(SCENES))
                done = subprocess.run(
                    command, capture_output=True, text=True, check=False, cwd=_ROOT, **options
                )
                found += [json.loads(line) for line in done.stdout.splitlines()]
                if done.returncode:
                    failures.append(f"{what}: {done.stderr.strip()[-300:]}")
        failures += [f"{one['name']}: {one['failure']}" for one in found if one["failure"]]
        outcomes = Counter(str(one["outcome"]) for one in found if one["outcome"])
        figures: dict[str, int | float | str] = {
            "faults injected": len(found),
            "kinds": len({one["kind"] for one in found}),
        }
        figures |= dict(sorted(outcomes.items()))
        kinds = Counter(str(one["kind"]) for one in found)
        figures |= {f"injected: {kind}": number for kind, number in sorted(kinds.items())}
        if not scale.quick and not skipped and len(found) != len(SCENES):
            failures.append(f"{len(SCENES) - len(found)} scenes were not played")
        return SectionResult(self.name, figures, tuple(failures), "; ".join(skipped))


@dataclass(frozen=True, slots=True)
class _Somebody:
    """Somebody whom permissions bind: root is let through everywhere.

    Attributes:
        command: A Python that he may start.
        options: For `subprocess.run`.
    """

    command: str
    options: dict[str, Any]


@contextmanager
def _somebody() -> Iterator[_Somebody | None]:
    """Give whoever runs this; for root a user with no rights, None where that cannot be had."""
    if os.geteuid():
        yield _Somebody(sys.executable, {})
        return
    with stranger_python() as python:
        if python is None:
            yield None
            return
        rights = {"user": STRANGER, "group": STRANGER, "extra_groups": []}
        yield _Somebody(str(python.path), {"env": python.environment, **rights})
