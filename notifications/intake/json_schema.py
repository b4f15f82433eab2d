"""Keywords of JSON Schema for fields that pydantic describes too roughly."""

from collections.abc import Callable
from typing import Any


def keywords(**added: Any) -> Callable[[dict[str, Any]], None]:
    """For `json_schema_extra`: adds them, where the field may be null to the part that is not."""

    def extend(schema: dict[str, Any]) -> None:
        schema.get("anyOf", [schema])[0].update(added)

    return extend
