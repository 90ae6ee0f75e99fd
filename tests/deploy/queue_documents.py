"""Run as the daemon's user: queue_documents.py DIR GROUP NAME=CONTENT...

Makes the workspace, sorts or queues each document through the real pipeline and mover, and holds
the database open until its standard input is closed, as a daemon does.
"""

import sys
from pathlib import Path

from docsorter.clock import ManualClock
from docsorter.service.workspace.layout import create, migrate_workspace
from tests.service.desk import Desk

directory, group, *documents = sys.argv[1:]
configuration, _ = create(Path(directory), group)
migrate_workspace(configuration)
desk = Desk(configuration, ManualClock())
for document in documents:  # the test reads what is said here
    name, content = document.split("=")
    done = desk.pipeline.handle(desk.drop(name, content.encode()).id)
    sys.stdout.write(f"{done.id} {done.state.value}\n")
sys.stdout.write("ready\n")
sys.stdout.flush()
sys.stdin.read()
desk.store.close()
