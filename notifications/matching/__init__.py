from notifications.matching.matching import first_objection, matching_notifications

__all__ = ["first_objection", "matching_notifications"]
