import subprocess
import sys

from tests.supervisor.processes import alive, descendants
from tests.waiting import wait_until

# A parent whose child ties itself to it and says so.
FAMILY = """
import os, time
from supervisor import leash
parent = os.getpid()
if os.fork() == 0:
    leash.tie_to(parent)
    print("tied", flush=True)
time.sleep(600)
"""
# The parent is gone before its child asks for the leash.
ORPHAN = """
import os, time
from supervisor import leash
leash.tie_to(os.getppid() + 1)
print("still here", flush=True)
"""


def test_a_child_ends_with_a_parent_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"tied\n"
        children = descendants(parent.pid)
        parent.kill()
        wait_until(lambda: not alive(children), 5, "the child's end")
    assert children


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    orphan = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, check=False)
    assert (orphan.returncode, orphan.stdout) == (-9, b"")
