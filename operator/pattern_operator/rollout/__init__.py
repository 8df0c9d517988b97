"""Which candidate may go when: a revision that is resolved, verified and rendered, and not yet applied."""

from pattern_operator.rollout.gate import Candidate, admit
from pattern_operator.rollout.history import remember

__all__ = ["Candidate", "admit", "remember"]
