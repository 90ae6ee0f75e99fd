"""A PostgreSQL server of the tests' own, where the programs of one are installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from docsorter.clock import ManualClock
from docsorter.store import migrate

ROLE = "docsorter"
_KEPT = "alembic_version"


@dataclass(frozen=True)
class Server:
    """A server whose socket is in a folder, and that listens to no network.

    Attributes:
        folder: Holds the socket and the data.
        programs: Holds `initdb` and `pg_ctl`.
        user: Whom it runs as where this user is root, whom it refuses.
    """

    folder: Path
    programs: Path
    user: pwd.struct_passwd | None

    def initialise(self) -> None:
        """Make its data."""
        self._run(
            "initdb", "-U", ROLE, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"
        )

    def start(self) -> None:
        """Let it run."""
        # -F: no fsync, for nothing here outlives the tests
        options = f"-k {self.folder} -c listen_addresses= -F"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        """End it without a word to its clients."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def url(self, name: str) -> str:
        """Return the URL of a database, as `store.database.url` wants it."""
        return f"postgresql+psycopg://{ROLE}@/{name}?host={self.folder}"

    def make(self, name: str) -> str:
        """Make an empty database and return its URL."""
        with self._connect("postgres") as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def empty(self, name: str) -> None:
        """Remove all rows; numbers begin at one again."""
        with self._connect(name) as connection:
            asked = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            tables = [row[0] for row in connection.execute(asked) if row[0] != _KEPT]
            names = sql.SQL(", ").join(map(sql.Identifier, tables))
            connection.execute("SET session_replication_role = replica")  # no triggers: append-only
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(names))

    def _connect(self, name: str) -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user=ROLE, dbname=name, autocommit=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, "-D", self.folder / "data", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            user=None if self.user is None else self.user.pw_uid,
            group=None if self.user is None else self.user.pw_gid,
            extra_groups=None if self.user is None else [],
        )


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    programs = _programs()
    if programs is None:
        pytest.skip("the programs of a PostgreSQL server are not installed")
    with running(programs) as started:
        yield started


@pytest.fixture(scope="session")
def served(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a database that was migrated once; who uses it empties it."""
    folder = tmp_path_factory.mktemp("served")
    migrate(server.make("paper"), clock=ManualClock(), state_dir=folder, backups_dir=folder)
    return "paper"


@pytest.fixture
def server_url(server: Server, served: str) -> str:
    server.empty(served)
    return server.url(served)


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Run a server until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="docsorter-pg-"))
    user = _somebody() if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    server = Server(folder, programs, user)
    try:
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path | None:
    """Return the folder of `initdb` and `pg_ctl`, the newest where there are several."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    return debian[-1].parent if debian else None


def _version(path: Path) -> float:
    return float(path.parents[1].name)


def _somebody() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
