"""Record the real `docsorter demo` as docs/pictures/demo.svg, in a terminal of 80 columns."""

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

COLUMNS = 80
_FONT_FACE = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-LN-Za-ln-z]|\r")


def record(command: list[str], directory: str) -> str:
    """Run a command in a terminal of its own and return what it printed, colours included."""
    master, slave = pty.openpty()
    program = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{program}:{os.environ['PATH']}",
        "COLUMNS": str(COLUMNS),
        "LINES": "70",
        "TERM": "xterm-256color",
    }
    with subprocess.Popen(
        command, stdout=slave, stderr=subprocess.DEVNULL, cwd=directory, env=environment
    ) as process:
        os.close(slave)
        parts: list[bytes] = []
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:  # Linux answers EIO when the other end is closed
                break
            if not data:
                break
            parts.append(data)
    os.close(master)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return b"".join(parts).decode()


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as directory:
        printed = record([str(Path(sys.executable).with_name("docsorter")), "demo"], directory)
    printed = printed.partition("Next, ")[0]  # what it found, not what to type
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere)
        console.print("[bold]$ make demo[/bold]\n")
        console.print(Text.from_ansi(_CONTROL.sub("", printed).rstrip()))
        # Without the font faces the picture loads nothing from elsewhere.
        shape = _FONT_FACE.sub("", CONSOLE_SVG_FORMAT)
        svg = console.export_svg(title="docsorter", code_format=shape, unique_id="demo")
    Path("docs/pictures/demo.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
