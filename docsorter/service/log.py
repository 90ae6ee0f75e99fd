"""Logging of the daemon: one line per event, as text or JSON; never the content of a document."""

import datetime as dt
import json
import logging
import sys
from typing import Literal, TextIO

LOGGER = "docsorter"


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # A file name may hold a newline; a log line must stay one line.
        return super().format(record).replace("\r", "\\r").replace("\n", "\\n  ")


def configure(
    level: str, style: Literal["text", "json"], stream: TextIO = sys.stderr
) -> logging.Logger:
    """Set up the program's logger; calling it again replaces the handler."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _JsonLines() if style == "json" else _TextLines("%(asctime)s %(levelname)-7s %(message)s")
    )
    logger = logging.getLogger(LOGGER)
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
    # watchdog warns of its own threads while they are being stopped.
    logging.getLogger("watchdog").setLevel(logging.ERROR)
    return logger
