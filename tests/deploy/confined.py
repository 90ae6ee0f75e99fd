"""Starts a program under a unit's filters.

confined.py UNIT UID GID [--without CALL,...] PROGRAM ARGUMENT...; "-" keeps the user as it is.
"""

import os
import sys
from pathlib import Path

from tests.deploy.filters import Unit, confine


def main(arguments: list[str]) -> None:
    unit = Unit(Path(arguments[0]))
    uid, gid = (int(text) if text != "-" else None for text in arguments[1:3])
    command = arguments[3:]
    calls = unit.calls()
    if command[0] == "--without":
        calls -= set(command[1].split(","))
        command = command[2:]
    confine(unit, calls, uid=uid, gid=gid)
    os.execv(command[0], command)


main(sys.argv[1:])
