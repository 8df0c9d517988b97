"""The state of each pattern between its runs, by UID: a recreated pattern begins with none."""

from collections.abc import Mapping

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.errors import without_traces
from pattern_operator.reconcile.state import Nothing, State
from pattern_operator.reconcile.summary import Moment, remembered


class StateStore:
    """Holds one frozen state a pattern; all of it can be lost.

    ``kept`` is what an earlier store of this process gave.
    """

    def __init__(self, kept: Mapping[str, State] | None = None) -> None:
        self._kept = dict(kept or {})
        self._states: dict[str, State] = {}

    def get(self, pattern: DesignPattern) -> State | None:
        """The state of a pattern that has run, or is about to."""
        return self._states.get(pattern.metadata.uid)

    def of(self, pattern: DesignPattern) -> State:
        """The state of a pattern; an empty one where it was forgotten while it ran."""
        return self._states.get(pattern.metadata.uid) or State()

    def begin(self, pattern: DesignPattern, *, moment: Moment) -> None:
        """The first run of a pattern begins: remember what status and an earlier store tell."""
        uid = pattern.metadata.uid
        if uid not in self._states:
            self._states[uid] = remembered(pattern, self._kept.pop(uid, None), moment=moment)

    def remember(self, pattern: DesignPattern, state: State) -> None:
        """Put ``state`` in place of the one before, unless the pattern was forgotten while it ran."""
        for error in state.errors():
            without_traces(error)
        if pattern.metadata.uid in self._states:
            self._states[pattern.metadata.uid] = state

    def forget(self, uid: str) -> None:
        """A pattern is gone."""
        self._states.pop(uid, None)

    def of_registries(self) -> dict[str, State]:
        """What stays true when the cluster may have changed unseen: what registries and keys said."""
        return {uid: state.of_registries() for uid, state in self._states.items()}


def is_new(pattern: DesignPattern, state: State) -> bool:
    """Whether status names objects that nothing is known of yet."""
    return bool(pattern.status.inventory.entries) and isinstance(state.objects, Nothing)
