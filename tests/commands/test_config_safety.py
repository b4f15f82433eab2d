"""Safety in the configuration file."""

from pathlib import Path

import pytest
from django.core.management import CommandError

from notifications.models import Safety
from tests.commands.config_file import export, load

pytestmark = pytest.mark.django_db
FILE = """
[safety]
paused = true
allowed_domains = ["example.com"]
reroute_to = "lab@example.com"
"""


def test_what_the_file_says_holds(tmp_path: Path) -> None:
    load(tmp_path, FILE)
    safety = Safety.load()
    assert (safety.paused, safety.allowed_domains, safety.reroute_to) == (True, ["example.com"], "lab@example.com")


def test_it_comes_out_as_it_went_in(tmp_path: Path) -> None:
    load(tmp_path, FILE)
    before = export()
    assert "unchanged" in load(tmp_path, before)
    assert export() == before


def test_a_key_left_out_is_off(tmp_path: Path) -> None:
    load(tmp_path, FILE)
    load(tmp_path, "[safety]\n")
    assert str(Safety.load()) == "nothing is held back"


def test_a_file_without_the_section_leaves_it_alone(tmp_path: Path) -> None:
    load(tmp_path, FILE)
    load(tmp_path, "")
    assert Safety.load().paused


def test_nothing_of_it_stands_in_the_export_while_all_is_off() -> None:
    assert "[safety]" not in export()


@pytest.mark.parametrize(
    "line", ['paused = "yes"', 'allowed_domains = ["no@domain"]', 'reroute_to = "x"', "colour = 1"]
)
def test_what_does_not_fit_is_named_by_its_path(tmp_path: Path, line: str) -> None:
    with pytest.raises(CommandError, match=f"safety.{line.partition(' ')[0]}"):
        load(tmp_path, f"[safety]\n{line}\n")
