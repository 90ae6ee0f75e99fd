"""What the daemon says of itself when it begins."""

import logging
from pathlib import Path

from docsorter import __version__
from docsorter.service.assembly import Assembly
from docsorter.service.log import LOGGER

_LOG = logging.getLogger(LOGGER)


def announce(assembly: Assembly, root: Path, backend: str) -> None:
    """Log what had to be recovered, what is watched, and how far the model is to be trusted.

    Args:
        assembly: The parts that work.
        root: The inbox.
        backend: How it is watched.
    """
    report = assembly.recovered
    if report.completed or report.withdrawn or report.missing:
        _LOG.info(
            "recovered: %d moves finished, %d withdrawn, %d missing",
            len(report.completed),
            len(report.withdrawn),
            len(report.missing),
        )
    _LOG.info("docsorter %s watches %s (%s)", __version__, root, backend)
    model, earning = assembly.engine.model, assembly.earning
    said = earning.says(model.rule_key, model.card.name, model.statement)
    _LOG.info("model %s: %s", model.card.name, said)
