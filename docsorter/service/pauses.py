"""Why the daemon takes nothing in just now: one of the closed list of reasons, with its remedy."""

import logging
from dataclasses import dataclass

from docsorter.documents import Reason, ReasonCode
from docsorter.errors import DocsorterError, EnvironmentFaultError, StoreError
from docsorter.service.log import LOGGER
from docsorter.surroundings import environment_reason

_LOG = logging.getLogger(LOGGER)


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of the whole daemon.

    Attributes:
        reason: Why.
        remedy: What an administrator can do, "" when nothing.
    """

    reason: Reason
    remedy: str = ""


def fault_reason(error: EnvironmentFaultError) -> Reason:
    """Say which of the surroundings failed: by its code, else by the system's answer."""
    if error.code:
        return Reason(ReasonCode(error.code), error.message)
    cause = error.__cause__
    if isinstance(cause, OSError):
        return environment_reason(cause)
    return Reason(ReasonCode.STORAGE_GONE, error.message)


def pause_of(error: DocsorterError | OSError) -> Pause:
    """Return the pause that an error of the surroundings or of the database calls for."""
    if isinstance(error, OSError):
        return Pause(environment_reason(error), "it goes on by itself once that is mended")
    if isinstance(error, EnvironmentFaultError):
        return Pause(Reason(fault_reason(error).code, error.message), error.remedy)
    code = ReasonCode.DATABASE if isinstance(error, StoreError) else ReasonCode.INTERNAL
    return Pause(Reason(code, error.message), error.remedy)


class Pauses:
    """Remembers the pause that is on, and says once when it begins and when it ends."""

    def __init__(self) -> None:
        self.now: Pause | None = None

    def begin(self, pause: Pause) -> None:
        """Pause; another reason than before is said as well."""
        if self.now is None or self.now.reason.code is not pause.reason.code:
            _LOG.error("paused, nothing is lost: %s; %s", pause.reason.text, pause.remedy)
        self.now = pause

    def end(self) -> None:
        """Go on."""
        if self.now is not None:
            _LOG.info("works again")
        self.now = None
