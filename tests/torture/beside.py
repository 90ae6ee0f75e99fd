"""Runs sections side by side, each in a process of its own: most of them wait more than they work.

A section that breaks breaks alone, and says so as its failure.
"""

import multiprocessing
import queue
import resource
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.context import ForkServerProcess
from typing import Any, Final

from tests.torture.sections import Scale, Section, SectionResult, stop
from tests.torture.zygote import dismiss

Told = Callable[[str, str, int, int], None]
"""Called as (section, what is being done, done, total)."""

_ENOUGH: Final = (signal.SIGINT, signal.SIGTERM)
_LOOK: Final = 2.0  # seconds between looks whether all processes live


def alone(section: Section, scale: Scale, told: Told) -> tuple[SectionResult, float]:
    """Run a section in this process.

    Returns:
        What came of it, and the minutes that it took.
    """
    began, spent = time.monotonic(), _processor_seconds()
    try:
        result = section.run(scale, partial(told, section.name))
    except Exception as error:  # noqa: BLE001 -- the other sections still have something to say
        failure = f"the section broke off: {error!r}\n{traceback.format_exc()}"
        result = SectionResult(section.name, failures=(failure,))
    finally:
        if not scale.quick:
            dismiss()
    figures = result.figures | {"processor time, s": round(_processor_seconds() - spent)}
    return replace(result, figures=figures), (time.monotonic() - began) / 60


def _processor_seconds() -> float:
    """Return what this process and all that it has waited for have used."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


def side_by_side(
    sections: Sequence[Section],
    scale: Scale,
    told: Told,
    ended: Callable[[SectionResult, float], None],
) -> None:
    """Run sections at the same time; Ctrl-C and SIGTERM end them early, with their figures.

    Args:
        sections: Each is handed to a new process.
        scale: Of each.
        told: How far each is.
        ended: Called with the result and the minutes of each, as they end.
    """
    context = multiprocessing.get_context("forkserver")
    # What the sections import is imported once, not by each of their processes.
    context.set_forkserver_preload(sorted({type(section).__module__ for section in sections}))
    messages: Any = context.Queue()
    running: dict[str, ForkServerProcess] = {}

    def hand_on(*_: object) -> None:
        for process in running.values():
            process.terminate()

    for number in _ENOUGH:
        signal.signal(number, hand_on)
    for section in sections:
        process = context.Process(
            target=_in_a_process, args=(section, scale, messages), name=section.name
        )
        process.start()
        running[section.name] = process
    while running:
        try:
            message = messages.get(timeout=_LOOK)
        except queue.Empty:
            message = _death(running)
        if message is None:
            continue
        if len(message) == 4:
            told(*message)
            continue
        result, minutes = message
        ended(result, minutes)
        running.pop(result.name).join()
    for number in _ENOUGH:
        signal.signal(number, signal.default_int_handler)


def _in_a_process(section: Section, scale: Scale, messages: Any) -> None:  # noqa: ANN401
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it passes it on
    signal.signal(signal.SIGTERM, lambda *_: stop())

    def told(name: str, what: str, done: int, total: int) -> None:
        messages.put((name, what, done, total))

    messages.put(alone(section, scale, told))


def _death(running: dict[str, ForkServerProcess]) -> tuple[SectionResult, float] | None:
    """Find a process that has ended without a word."""
    for name, process in running.items():
        if not process.is_alive():
            failure = f"its process ended with {process.exitcode}"
            return SectionResult(name, failures=(failure,)), 0.0
    return None
