from notifications.matching.facts import Facts, facts_of
from notifications.matching.hours import hours_in_words, opens_at, zone_of
from notifications.matching.matching import first_objection, matching_notifications, objection_to

__all__ = [
    "Facts",
    "facts_of",
    "first_objection",
    "hours_in_words",
    "matching_notifications",
    "objection_to",
    "opens_at",
    "zone_of",
]
