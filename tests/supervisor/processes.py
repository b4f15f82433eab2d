"""What the kernel says about processes."""

from pathlib import Path


def descendants(pid: int) -> set[tuple[int, str]]:
    """All below `pid`, each with its start time: a number alone may soon be somebody else's."""
    table = dict(filter(None, (look(folder) for folder in Path("/proc").glob("[0-9]*"))))
    found: set[int] = set()
    while more := {child for child, (parent, _) in table.items() if parent in found | {pid}} - found:
        found |= more
    return {(child, table[child][1]) for child in found}


def alive(processes: set[tuple[int, str]]) -> set[tuple[int, str]]:
    now = dict(filter(None, (look(Path(f"/proc/{pid}")) for pid, _ in processes)))
    return {(pid, started) for pid, started in processes if pid in now and now[pid][1] == started}


def look(folder: Path) -> tuple[int, tuple[int, str]] | None:
    """Number, parent and start time; None for the dead and for zombies."""
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else (int(folder.name), (int(fields[1]), fields[19]))
