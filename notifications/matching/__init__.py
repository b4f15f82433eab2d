from notifications.matching.hours import opens_at
from notifications.matching.matching import first_objection, matching_notifications

__all__ = ["first_objection", "matching_notifications", "opens_at"]
