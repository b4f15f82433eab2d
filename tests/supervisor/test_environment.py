"""Reading the environment: what cannot be used is refused in one sentence, without any secret in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor import environment
from supervisor.environment import Environment, Unusable, load

SECRET = "hunter2-hunter2-hunter2"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("FIRST", "SECOND"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path / ".env"


class TestAFile:
    def test_fills_what_the_environment_leaves_open(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECOND", "from outside")
        file.write_text("# a comment\n\n  # another\nexport FIRST='one'\r\nSECOND=two\n")
        load(file)
        assert (os.environ["FIRST"], os.environ["SECOND"]) == ("one", "from outside")

    def test_may_be_missing(self, file: Path) -> None:
        load(file)
        assert "FIRST" not in os.environ

    def test_may_begin_with_a_byte_order_mark(self, file: Path) -> None:
        file.write_bytes(b"\xef\xbb\xbfFIRST=one\n")
        load(file)
        assert os.environ["FIRST"] == "one"

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (f"FIRST={SECRET}\nFIRST=two\n".encode(), "sets FIRST twice, in lines 1 and 2. Remove one of them."),
            (b"FIRST=one\n\n# x\nFIRST=one\n", "sets FIRST twice, in lines 1 and 4."),
            (f"FIRST=one\n{SECRET}\n".encode(), "line 2 is not NAME=value."),
            (b"FIRST = one\n", "line 1 is not NAME=value."),
            (f'FIRST="{SECRET}\n'.encode(), "line 1 has an opening quote but no closing one."),
            (b"FIRST='\n", "line 1 has an opening quote but no closing one."),
            ("FIRST=ä\n".encode("latin-1"), "is not UTF-8 text. Save it as UTF-8."),
            ("FIRST=one\n".encode("utf-16"), "is not UTF-8 text."),
            ("FIRST=one\n".encode("utf-16-le"), "contains zero bytes."),
            (b'{"FIRST": 1}', "line 1 is not NAME=value."),
        ],
    )
    def test_that_cannot_be_parsed_is_refused(self, file: Path, content: bytes, sentence: str) -> None:
        file.write_bytes(content)
        with pytest.raises(Unusable) as refused:
            load(file)
        assert str(refused.value).startswith(f"{file} ")
        assert sentence in str(refused.value)
        assert SECRET not in str(refused.value)

    def test_that_is_a_folder_is_refused(self, file: Path) -> None:
        file.mkdir()
        with pytest.raises(Unusable, match="cannot be read: Is a directory"):
            load(file)


class TestAVariable:
    @pytest.mark.parametrize("value", ["ture", "2", "enabled", "on off"])
    def test_that_is_no_switch_is_refused(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("FIRST", value)
        with pytest.raises(Unusable, match="FIRST must be on or off"):
            Environment.bool("FIRST", default=False)

    @pytest.mark.parametrize(("value", "found"), [("ON", True), ("no", False), (" 1 ", True), ("", True)])
    def test_that_is_a_switch(self, monkeypatch: pytest.MonkeyPatch, value: str, found: bool) -> None:
        monkeypatch.setenv("FIRST", value)
        assert Environment.bool("FIRST", default=True) is found

    @pytest.mark.parametrize("value", ["http", "80 80", "8000.5", "1e3", "٣", "0x50", "99999", "-1", "9" * 5000])
    def test_that_is_no_port_is_refused(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("FIRST", value)
        with pytest.raises(Unusable, match="FIRST must be a whole number from 0 to 65535"):
            Environment.int("FIRST", default=8000, most=65535)

    @pytest.mark.parametrize("value", ["5d", "nan", "inf", "1,5", "-1"])
    def test_that_is_no_number_is_refused(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("FIRST", value)
        with pytest.raises(Unusable, match="FIRST must be a number"):
            Environment.float("FIRST", default=5.0)

    @pytest.mark.parametrize(
        "url", ["db.example.com", "postgres//x", "mysql://u:p@h/d", "postgres://", "postgres://u:hunter2@h:port/d"]
    )
    def test_that_names_no_database_is_refused(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        monkeypatch.setenv("FIRST", url)
        with pytest.raises(Unusable) as refused:
            Environment.database("FIRST", default="")
        assert str(refused.value).startswith("FIRST must read postgres://")
        assert "hunter2" not in str(refused.value)

    def test_that_is_no_time_zone_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FIRST", "Europe/Belin")
        with pytest.raises(Unusable, match="FIRST must be the name of a time zone"):
            Environment.time_zone("FIRST", default="UTC")

    def test_that_is_set_to_nothing_has_its_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FIRST", "  ")
        assert Environment.int("FIRST", default=7) == 7
        assert Environment.str("FIRST", default="x") == "x"


def test_a_variable_that_is_set_twice_is_refused(tmp_path: Path) -> None:
    """No shell does it, other programs do."""
    script = tmp_path / "twice.c"
    program = tmp_path / "twice"
    script.write_text(
        "#include <unistd.h>\n"
        "int main(int n, char **argv) {\n"
        '  char *env[] = {"FIRST=one", "FIRST=two", "SECOND=a", "SECOND=a", 0};\n'
        "  return execve(argv[1], argv + 1, env);\n}\n"
    )
    subprocess.run(["cc", "-o", program, script], check=True)
    code = "from supervisor.environment import text; print(text('SECOND')); text('FIRST')"
    done = subprocess.run([program, sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "a"
    assert done.returncode == 1
    assert done.stderr.strip() == "The environment sets FIRST twice, to different values. Remove one of them."


def test_a_key_that_was_left_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", " ")
    environment.forget_empty_keys()
    assert "SECRET_KEY" not in os.environ
