import subprocess
import sys

import docsorter


def test_everything_promised_is_there() -> None:
    for name in docsorter.__all__:
        assert getattr(docsorter, name) is not None
    assert sorted(docsorter.__all__) == docsorter.__all__


def test_help_loads_nothing_heavy() -> None:
    heavy = [
        "tensorflow",
        "keras",
        "ai_edge_litert",
        "numpy",
        "PIL",
        "sqlalchemy",
        "pydantic",
        "watchdog",
        "rich",
    ]
    code = (
        "import sys, contextlib, io\n"
        "from docsorter.cli.main import app\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    app(['--help'], standalone_mode=False)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
