"""The configuration's way out of the panel and into it."""

from io import StringIO
from pathlib import Path

from django.core.management import call_command


def export() -> str:
    out = StringIO()
    call_command("config", "export", stdout=out)
    return out.getvalue()


def load(folder: Path, text: str) -> str:
    """Import `text` from a file in `folder`; what the command said."""
    file, out = folder / "mailadmin.toml", StringIO()
    file.write_text(text)
    call_command("config", "import", str(file), stdout=out)
    return out.getvalue()
