from pathlib import Path

from notifications.diagnosis.explain import TABLE
from notifications.diagnosis.handbook import handbook

PAGE = Path(__file__).parent.parent.parent / "docs" / "troubleshooting.md"


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text() == handbook()


def test_every_failure_has_its_row() -> None:
    rows = [line for line in handbook().splitlines() if line.startswith("| `")]
    assert len(rows) == len(TABLE)
    assert all(row.replace("\\|", "").count("|") == 4 for row in rows)
