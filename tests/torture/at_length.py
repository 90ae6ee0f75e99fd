"""The model-based test as a section: more examples than `make test` has time for."""

from dataclasses import dataclass

from hypothesis import HealthCheck, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.torture.any_order import AnyOrder
from tests.torture.sections import Progress, Scale, SectionResult

_STEPS = 40
_FEW = 15


@dataclass(frozen=True, slots=True)
class AnyOrderAtLength:
    """Drop, claim, look, answer, undo, promote, crash and recover in any order.

    Attributes:
        name: Of the section.
    """

    name: str = "any order"

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        """Play histories; a failing one is reported in its shortest form."""
        histories = scale.choose(1, 300)
        at_once = scale.choose(1, 5)
        steps = scale.choose(_FEW, _STEPS)
        played = [0]

        class Counted(AnyOrder):
            def teardown(self) -> None:
                played[0] += 1
                progress("any order", min(played[0], histories), histories)
                super().teardown()

        chosen = settings(
            max_examples=at_once,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        failures: tuple[str, ...] = ()
        for turn in range(histories // at_once):
            if failures or (scale.over and turn):
                break
            number = 1000 * scale.seed + turn
            try:
                run_state_machine_as_test(seed(number)(Counted), settings=chosen)
            except Exception as error:  # noqa: BLE001 -- what fails in it is what was looked for
                notes = "\n".join(getattr(error, "__notes__", ()))
                failures = (f"seed {number}: {type(error).__name__}: {error}\n{notes}",)
        return SectionResult(self.name, {"histories": played[0], "steps each": steps}, failures)
