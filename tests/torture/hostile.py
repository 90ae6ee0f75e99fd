"""Hostile files: the whole corpus before the real reader, at its real limits."""

import resource
import tempfile
from pathlib import Path

from docsorter.documents import REFUSED_FOR
from docsorter.settings import PagesSettings
from tests.hostile.cases import READ
from tests.hostile.corpus import corpus
from tests.hostile.trial import Ending, outcomes, try_all
from tests.torture.sections import MOST_FAILURES, Progress, Scale, SectionResult

_GRACE = 10.0  # seconds beyond the time limit; a machine under torture is slow
_GIGABYTE_MB = 1024


class HostileFiles:
    """Tries every hostile file; each is to end with a reason, none may do anything else."""

    name = "hostile files"

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        """Read them all; quick: a few that burn nothing."""
        scale = scale.sparing()
        cases = list(corpus())
        if scale.quick:
            cases = [c for c in cases if not c.heavy][::40]
        limit = PagesSettings().time_limit_seconds if not scale.quick else 20.0
        settings = PagesSettings(time_limit_seconds=limit)
        with tempfile.TemporaryDirectory(prefix="docsorter-hostile-") as folder:
            endings = try_all(
                cases,
                Path(folder),
                settings,
                at_once=scale.jobs,
                progress=lambda done: progress("hostile files", done, len(cases)),
            )
        hangs = [e for e in endings if e.seconds > limit + _GRACE]
        odd = [e for e in endings if e.outcome not in {READ, *REFUSED_FOR}]
        surprising = [
            e for e, c in zip(endings, cases, strict=True) if c.expect and e.outcome not in c.expect
        ]
        failures = [_said(e) for e in (*hangs, *odd, *surprising)]
        peak = max((e.peak_mb for e in endings), default=0.0)
        if peak >= _GIGABYTE_MB:
            failures.append(f"a child held {peak:.0f} MB")
        counted = outcomes(endings)
        figures: dict[str, int | float | str] = {
            "tried": len(endings),
            "read all the same": counted.pop(READ, 0),
            **{f"rejected: {reason}": number for reason, number in counted.most_common()},
            "crashes of the reader's server": len(odd),
            "hangs": len(hangs),
            "peak memory of a child, MB": round(peak),
            "peak of any process below, MB": _below(),
        }
        return SectionResult(self.name, figures, tuple(failures[:MOST_FAILURES]))


def _said(ending: Ending) -> str:
    return f"{ending.kind}: {ending.outcome} after {ending.seconds:.1f} s: {ending.text}"


def _below() -> int:
    """The largest process that any process of ours has waited for, its programs included."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
