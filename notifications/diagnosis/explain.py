"""From a failure's code and text to what an experienced colleague would say about it.

The explanation is for people. Whether and when to try again is decided elsewhere, by the class of the reply alone:
wordings change, and Microsoft asks programs not to act on its AADSTS numbers.
"""

import re

from notifications.diagnosis.entra import ENTRA
from notifications.diagnosis.entry import Entry, Explanation
from notifications.diagnosis.fallback import FALLBACK
from notifications.diagnosis.google import GOOGLE
from notifications.diagnosis.graph import GRAPH
from notifications.diagnosis.graph_own import GRAPH_OWN
from notifications.diagnosis.microsoft import MICROSOFT
from notifications.diagnosis.network import NETWORK
from notifications.diagnosis.own import OWN
from notifications.diagnosis.reading import read
from notifications.diagnosis.smtp import SMTP
from notifications.diagnosis.smtp_limits import SMTP_LIMITS
from notifications.diagnosis.tls import TLS

# Of equals the first wins: an error in securing the connection tells of the network too, but not the reverse.
AREAS: dict[str, tuple[Entry, ...]] = {
    "TLS and certificates": TLS,
    "mailadmin itself": OWN,
    "Network": NETWORK,
    "Any SMTP server": SMTP + SMTP_LIMITS,
    "Exchange Online over SMTP": MICROSOFT,
    "Gmail and Google Workspace": GOOGLE,
    "Signing in at Microsoft (AADSTS)": ENTRA,
    "Microsoft Graph": GRAPH + GRAPH_OWN,
    "Everything else": FALLBACK,
}
ADDRESS = re.compile(r"Could not connect to (\S+):(\d{1,5}) \(")
TABLE = tuple(entry for entries in AREAS.values() for entry in entries)


def explain(code: str, text: str, mode: str = "basic") -> Explanation:
    """`code` as an Attempt keeps it (`535 5.7.139`, `403 ErrorAccessDenied`, or empty), `text` the reply or error."""
    explanation = entry_for(code, text, mode).explanation
    where = ADDRESS.search(text)
    return explanation.at(*where.groups()) if where else explanation


def entry_for(code: str, text: str, mode: str) -> Entry:
    said = read(code, text, mode)
    # The last entry of all has no condition.
    return max(TABLE, key=lambda entry: entry.weight(said))
