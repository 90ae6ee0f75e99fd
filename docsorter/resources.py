"""Where the files that travel with the package are: in the wheel, or beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def _travelling(inside: str, beside: str) -> Path:
    packed = _PACKAGE / inside
    return packed if packed.is_dir() else _CHECKOUT / beside


def migrations_dir() -> Path:
    """Return the directory with Alembic's `env.py` and `versions/`."""
    return _travelling("_migrations", "migrations")


def examples_dir() -> Path:
    """Return the directory of example scans that `docsorter demo` sorts."""
    return _travelling("_inbox_examples", "inbox_examples")


def systemd_dir() -> Path:
    """Return the directory of systemd unit templates."""
    return _travelling("_systemd", "deploy/systemd")


def starter_bundle_dir() -> Path:
    """Return the model bundle that ships with the package."""
    return _PACKAGE / "model" / "starter"
