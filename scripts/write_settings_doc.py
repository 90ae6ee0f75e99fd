"""Write docs/run/settings.md from the settings model; a test compares the two."""

from pathlib import Path

from pydantic import BaseModel

from docsorter.settings import Settings

_HEAD = """\
# Settings

After this page you can look up every setting, what it means and what it is by default.

A flag wins over the environment, the environment over `docsorter.toml`, the file over the default.
`docsorter config show` lists every setting with its value and where that came from;
`docsorter config check` says all that is wrong with the file, and with what it names.

`docsorter config set intake.rest_seconds 5` changes the file and keeps its comments; a policy is
set by `docsorter config set decide.policies.claim review`, a list is written
`'["*.bak", "draft-*"]'`, and `config unset` brings the default back. What would be wrong is
refused. A running daemon uses it after `systemctl reload docsorter` or SIGHUP.

As a flag a setting is written `docsorter --set intake.rest_seconds=5 run`, in the environment
`DOCSORTER_INTAKE__REST_SECONDS=5`, in the file `rest_seconds = 5` under `[intake]`.
This page is written by `python scripts/write_settings_doc.py`.
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD]
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        assert isinstance(kind, type)
        assert issubclass(kind, BaseModel)
        parts.append(f"\n## [{section}]\n\n{kind.__doc__}\n\n")
        for name, setting in kind.model_fields.items():
            default = setting.get_default(call_default_factory=True)
            shown = default if isinstance(default, str | int | float) else str(default or "")
            meaning = " ".join((setting.description or "").split())
            parts.append(f"* `{name}` ({f'`{shown}`' if str(shown) else 'empty'}): {meaning}\n")
    return "".join(parts)


if __name__ == "__main__":
    Path("docs/run/settings.md").write_text(page(), encoding="utf-8")
