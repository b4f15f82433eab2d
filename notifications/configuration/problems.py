"""What is wrong with a file, by the path of the key."""

from collections.abc import Iterable, Mapping
from typing import Any


class ConfigurationError(Exception):
    """The file does not fit, and nothing was changed; each problem reads `path: sentence`."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def refuse_unknown(given: dict[str, Any], known: Iterable[str], path: str = "") -> None:
    allowed = sorted(known)
    unknown = [key for key in given if key not in allowed]
    if unknown:
        raise ConfigurationError(
            f"{joined(path, key)}: is not known here. Known are {', '.join(allowed)}." for key in unknown
        )


def table(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError([f"{path}: must be a table, that is, a section [{path}]."])
    return value


def form_problems(errors: Mapping[str, Iterable[Any]], path: str, written_as: dict[str, str]) -> list[str]:
    """`written_as` names the fields that stand in the file under another key."""
    return [
        f"{joined(path, written_as.get(field, field)) if field != '__all__' else path}: {sentence}"
        for field, sentences in errors.items()
        for sentence in sentences
    ]


def joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
