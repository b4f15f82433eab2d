from notifications.diagnosis.entry import Explanation
from notifications.diagnosis.explain import explain

__all__ = ["Explanation", "explain"]
