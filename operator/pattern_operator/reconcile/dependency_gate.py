"""Whether what a pattern depends on lets something new of it be applied. What runs is not held up by it."""

from dataclasses import replace

from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.apply.need import PatternNeeded
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.dependencies import keys_of
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.held_patterns import held_patterns
from pattern_operator.reconcile.reached import is_reached, was_begun
from pattern_operator.reconcile.results import StepError
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.state import Applying, Running


def require_dependencies(run: Run, desired: DesiredState, rendering: Rendering) -> None:
    """Go on where all that the pattern depends on is as it should be, or where nothing new is asked for.

    Raises:
        StepError: DEPENDENCY_NOT_READY (waited for), DEPENDENCY_CYCLE, CROSS_NAMESPACE, or a range that is none. It is
            not for the memory of what is refused: a change of another pattern ends it, too.
    """
    if _runs(run, desired):
        return
    held = held_patterns(run.pattern, rendering)
    found = run.cluster.unmet_dependencies(run.pattern, rendering.depends_on, held=held)
    if found is not None:
        run.results = replace(run.results, needs=run.results.needs | found.needs)
        raise StepError(Stage.ROLLOUT, found.error)


def look_at_dependencies(run: Run) -> None:
    """All of the pattern runs: results say why nothing newer of it could be applied, whatever becomes of the others.

    That a dependency is not Ready is none of it: that ends by itself.
    """
    running = run.state.running
    of_artifact = running.depends_on if running is not None else ()
    dependencies = (*of_artifact, *(run.pattern.spec.depends_on or ()))
    if not dependencies:
        return
    found = run.cluster.dependencies_never_met(run.pattern, of_artifact)
    if found is not None and isinstance(found.error, Stalled):
        run.results = replace(run.results, unmet=found.error, needs=run.results.needs | found.needs)
        return
    # Somebody else may close a circle.
    needs = frozenset(PatternNeeded(key.namespace, key.name) for key in keys_of(run.pattern, dependencies))
    run.results = replace(run.results, needs=run.results.needs | needs)


def _runs(run: Run, desired: DesiredState) -> bool:
    """Whether ``desired`` was applied, or objects of it were: it is put right, or brought to its end.

    After a restart status says it; what is half there is worse than what nobody waited for.
    """
    objects = run.state.objects
    if isinstance(objects, Applying | Running) and objects.desired != desired:
        return False
    reached = is_reached(run.pattern, run.results.policy, revision=desired.revision)
    return reached or was_begun(run.pattern, desired.revision)
