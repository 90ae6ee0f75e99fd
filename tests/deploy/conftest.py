import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
UNIT = REPOSITORY / "deploy/systemd/docsorter.service"
STRANGER = 64321  # a user with no entry anywhere and no group but its own


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter with docsorter's libraries that any user may start."""

    path: Path
    environment: dict[str, str]

    def works_for(self, uid: int) -> bool:
        asked = "import numpy, PIL, docsorter.pages.reader"
        command = [str(self.path), "-c", asked]
        try:
            done = subprocess.run(
                command, env=self.environment, user=uid, group=uid, extra_groups=[], check=False,
                capture_output=True, cwd="/",
            )  # fmt: skip
        except PermissionError:
            return False
        return done.returncode == 0


@pytest.fixture(scope="module")
def shared_folder() -> Iterator[Path]:
    """Return a folder that every user can reach; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="docsorter-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def python() -> Iterator[Python]:
    """Return this interpreter, or one of the same version where others may not start this one."""
    with stranger_python() as found:
        if found is None:
            pytest.skip(f"other users may start neither {sys.executable} nor one like it")
        yield found


@contextmanager
def stranger_python() -> Iterator[Python | None]:
    """Give an interpreter that every user may start; None where there is none."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "LC_ALL": "C.UTF-8"}
    own = Python(Path(sys.executable), environment)
    if os.geteuid() != 0 or own.works_for(STRANGER):
        yield own
        return
    folder = Path(tempfile.mkdtemp(prefix="docsorter-python-"))
    folder.chmod(0o755)
    try:
        other = _borrowing(folder / "venv", environment)
        yield other if other is not None and other.works_for(STRANGER) else None
    finally:
        shutil.rmtree(folder)


def _borrowing(folder: Path, environment: dict[str, str]) -> Python | None:
    """Make an environment of the system's interpreter that uses this one's libraries."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    system = Path("/usr/bin") / version
    if not system.exists():
        return None
    subprocess.run([system, "-m", "venv", "--without-pip", folder], check=True)
    libraries = [path for path in site.getsitepackages() if Path(path).is_dir()]
    lines = "".join(f"import site; site.addsitedir({path!r})\n" for path in libraries)
    (folder / "lib" / version / "site-packages/borrowed.pth").write_text(lines)
    # The children that read documents may read where shared libraries are looked for.
    return Python(folder / "bin/python", {**environment, "LD_LIBRARY_PATH": ":".join(libraries)})
