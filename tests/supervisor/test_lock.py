from pathlib import Path

import pytest

from supervisor.lock import AlreadyRunning, InstanceLock


def test_a_second_holder_is_told_the_address_of_the_first(tmp_path: Path) -> None:
    second = InstanceLock(tmp_path / "lock", "http://second")
    with InstanceLock(tmp_path / "lock", "http://first"), pytest.raises(AlreadyRunning, match="http://first"):
        second.__enter__()


def test_can_be_taken_again_with_another_address(tmp_path: Path) -> None:
    with InstanceLock(tmp_path / "lock", "http://a-rather-long-address.example:8000"):
        pass
    with InstanceLock(tmp_path / "lock", "http://short"):
        assert (tmp_path / "lock").read_text() == "http://short"
