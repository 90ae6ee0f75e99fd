"""Plays scenes in this process and prints how each ended, one line of JSON each.

unshare -rm --propagation private python -m tests.faults.play --mounts
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.faults import mount_scenes, plain_scenes
from tests.faults.scene import SCENES, Scene
from tests.faults.stage import Stage

__all__ = ["SCENES", "played"]
FAMILIES = (mount_scenes, plain_scenes)


def played(scene: Scene, folder: Path) -> dict[str, object]:
    """Play one scene; return its name, its outcome or failure, and the seconds it took."""
    stage = Stage(folder)
    began = time.monotonic()
    outcome, failure = "", ""
    try:
        outcome = scene.play(stage).value
    except Exception as error:  # noqa: BLE001 - a scene that fails must not end the play
        where = traceback.extract_tb(error.__traceback__)[-1]
        failure = f"{type(error).__name__}: {error} ({where.name})"
    finally:
        stage.close()
    seconds = round(time.monotonic() - began, 2)
    facts = {"kind": scene.kind, "outcome": outcome, "failure": failure, "seconds": seconds}
    return {"name": scene.name, **facts}


def main() -> None:
    """Play what the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mounts", action="store_true", help="scenes that take mounts")
    parser.add_argument("--unprivileged", action="store_true", help="scenes that root spoils")
    parser.add_argument("--first", action="store_true", help="each kind in one place only")
    parser.add_argument("--only", default="", help="part of a name")
    options = parser.parse_args()
    logging.disable()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
    known: set[str] = set()
    for scene in SCENES:
        fits = (scene.mounts, scene.unprivileged) == (options.mounts, options.unprivileged)
        again = options.first and scene.kind in known
        if fits and not again and options.only in scene.name:
            known.add(scene.kind)
            with tempfile.TemporaryDirectory(dir=memory, ignore_cleanup_errors=True) as folder:
                sys.stdout.write(json.dumps(played(scene, Path(folder))) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
