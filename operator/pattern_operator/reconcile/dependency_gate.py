"""Whether what a pattern depends on lets something new of it be applied. What runs is not held up by it."""

from dataclasses import replace

from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.reached import is_reached
from pattern_operator.reconcile.results import StepError
from pattern_operator.reconcile.run import Run


def require_dependencies(run: Run, desired: DesiredState, rendering: Rendering) -> None:
    """Go on where all that the pattern depends on is as it should be, or where nothing new is asked for.

    Raises:
        StepError: DEPENDENCY_NOT_READY (waited for), DEPENDENCY_CYCLE, CROSS_NAMESPACE, or a range that is none. It is
            not for the memory of what is refused: a change of another pattern ends it, too.
    """
    if _runs(run, desired):
        return
    found = run.cluster.unmet_dependencies(run.pattern, rendering.depends_on)
    if found is not None:
        run.results = replace(run.results, needs=run.results.needs | found.needs)
        raise StepError(Stage.ROLLOUT, found.error)


def _runs(run: Run, desired: DesiredState) -> bool:
    """Whether ``desired`` was applied in full: after a restart, or to put it right, it is applied again."""
    running = run.state.running
    if running is not None and running.desired != desired:
        return False
    return is_reached(run.pattern, run.results.policy, revision=desired.revision)
