"""Rules of the house that no other tool watches."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
# Where packages come from is the machine's business: a lock names versions and hashes.
SOURCES = re.compile(
    r"files\.pythonhosted|pypi\.org|registry\.npm|registry\.yarnpkg|npmjs|--index-url|--find-links", re.I
)
INLINE = {
    "script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I),
    "style": re.compile(r"<style\b|\sstyle\s*=", re.I),
    "handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.I),
    "foreign host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.I),
}
MARKS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b|# no" r"qa\s*$|# type: ig" r"nore\s*$", re.M)


FOLDERS = ("mailadmin", "notifications", "supervisor", "templates", "static", "tests", "docs", "deploy", "examples")
FOREIGN = {"node_modules", "__pycache__", "vendor"}


def files(*endings: str, under: tuple[str, ...] = FOLDERS) -> list[Path]:
    """Ours: not what was installed between them."""
    found = (path for folder in under for path in (PROJECT / folder).rglob("*") if path.suffix in endings)
    return [path for path in found if not FOREIGN & set(path.parts)]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "tests/peers/package-lock.json"])
def test_a_lock_names_no_place_to_download_from(name: str) -> None:
    assert not SOURCES.search((PROJECT / name).read_text())


def test_every_python_requirement_has_a_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        requirements = re.split(r"\n(?=\S)", (PROJECT / name).read_text())
        assert [line for line in requirements if "==" in line.split("\n")[0] and "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("kind", INLINE)
def test_no_page_needs_what_the_content_security_policy_forbids(kind: str) -> None:
    # Mails are not pages: their readers know no style sheet.
    pages = [path for path in files(".html", under=("templates",)) if "emails" not in path.parts]
    assert pages
    assert [str(path) for path in pages if INLINE[kind].search(path.read_text())] == []


def test_nothing_is_left_for_later() -> None:
    texts = files(".py", ".html", ".js", ".css")
    assert [str(path) for path in texts if MARKS.search(path.read_text())] == []


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    text = (PROJECT / "README.md").read_text()
    assert len(text.splitlines()) <= 120
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [link for link in links if not (PROJECT / link).exists()] == []


def test_the_documentations_links_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {link}"
        for page in files(".md", under=("docs",))
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("page", ["STYLE.md", "docs/architecture.md"])
def test_every_room_is_named(page: str) -> None:
    rooms = {folder.parent.name for folder in (PROJECT / "notifications").glob("*/__init__.py")}
    named = set(re.findall(r"`(?:notifications/)?(\w+)/?`", (PROJECT / page).read_text()))
    # Commands are shells; the others are where Django looks for them.
    assert rooms - {"management", "migrations", "templatetags"} - named == set()


def test_every_sample_request_takes_its_token_from_the_same_variable() -> None:
    texts = [PROJECT / "README.md", *files(".py", ".html", ".md", ".sh", ".yml")]
    found = {name for path in texts for name in re.findall(r"Bearer \$\{?(\w+)", path.read_text())}
    assert found == {"MAILADMIN_TOKEN"}
