"""Name filters: `*` is any run of characters, `?` is one, everything else is itself; case does not matter."""

import fnmatch
import re
from functools import lru_cache


def glob_matches(glob: str, text: str) -> bool:
    """An empty glob lets everything through."""
    return not glob or compiled(glob).fullmatch(text) is not None


# More than the filters of a thousand notifications, so that none is compiled twice in one round.
@lru_cache(maxsize=4096)
def compiled(glob: str) -> re.Pattern[str]:
    # fnmatch turns each star into an atomic group, which is what keeps many stars on a long name from taking minutes.
    return re.compile(fnmatch.translate(glob.replace("[", "[[]")), re.IGNORECASE)
