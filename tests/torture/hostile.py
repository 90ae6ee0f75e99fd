"""Hostile files: the whole corpus before the real reader, at its real limits."""

import resource
import tempfile
from pathlib import Path

from docsorter.documents import REFUSED_FOR, UNSEEN, ReasonCode
from docsorter.errors import EnvironmentFaultError
from docsorter.settings import PagesSettings
from tests.hostile.cases import READ, Hostile
from tests.hostile.corpus import corpus
from tests.hostile.trial import Ending, outcomes, try_all
from tests.torture.sections import MOST_FAILURES, Progress, Scale, SectionResult

_GRACE = 10.0  # seconds beyond the time limit
_PATIENTLY = 5  # times the limit and the grace, for what may only have been slow
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
            late = [n for n, case in enumerate(cases) if _may_be_slow(case, endings[n], limit)]
            again = try_all([cases[n] for n in late], Path(folder), _patient(settings), at_once=1)
        for number, ending in zip(late, again, strict=True):
            endings[number] = ending
        hangs = [
            e
            for number, e in enumerate(endings)
            if e.seconds > (limit + _GRACE) * (_PATIENTLY if number in late else 1)
        ]
        odd = [e for e in endings if e.outcome not in {READ, *REFUSED_FOR, *UNSEEN}]
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
            "tried again alone, being slow": len(late),
            "peak memory of a child, MB": round(peak),
            "peak of any process below, MB": _below(),
        }
        return SectionResult(self.name, figures, tuple(failures[:MOST_FAILURES]))


def _may_be_slow(case: Hostile, ending: Ending, limit: float) -> bool:
    """Say whether a busy machine alone can explain how a file ended: it gets another chance."""
    is_late = ending.seconds > limit + _GRACE
    is_cut = ending.outcome == ReasonCode.TIME_LIMIT and bool(case.expect)
    is_unexpected = is_cut and ending.outcome not in case.expect
    return is_late or is_unexpected or ending.outcome == EnvironmentFaultError.__name__


def _patient(settings: PagesSettings) -> PagesSettings:
    return PagesSettings(time_limit_seconds=settings.time_limit_seconds * _PATIENTLY)


def _said(ending: Ending) -> str:
    return f"{ending.kind}: {ending.outcome} after {ending.seconds:.1f} s: {ending.text}"


def _below() -> int:
    """The largest process that any process of ours has waited for, its programs included."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
