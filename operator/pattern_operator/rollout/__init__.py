"""The rollout gate: whether a revision that is resolved, verified and rendered may be applied now."""

from pattern_operator.rollout.gate import Candidate, check
from pattern_operator.rollout.history import prepend

__all__ = ["Candidate", "check", "prepend"]
