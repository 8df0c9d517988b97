"""The hooks of a Helm chart in the cluster: in which order they are made, when one is over, and whose its object is."""

from pattern_operator.apply.hooks.hook_objects import HookObjects, LiveHook, holds_others
from pattern_operator.apply.hooks.order import hooks_of
from pattern_operator.apply.hooks.outcome import HookOutcome, HookState, outcome_of

__all__ = ["HookObjects", "HookOutcome", "HookState", "LiveHook", "holds_others", "hooks_of", "outcome_of"]
