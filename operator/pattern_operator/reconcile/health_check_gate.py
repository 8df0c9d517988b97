"""Whether the health checks of a pattern can be evaluated at all: told before anything is applied that they are for."""

from collections.abc import Iterator, Mapping

import msgspec

from pattern_operator.api.health_check import HealthCheck, effective
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import KIB, MAX_CHECKS
from pattern_operator.quote import listed
from pattern_operator.reconcile.run import Run

NAMED = 5  # expressions that a message names
PATIENCE = 60.0  # seconds that a run waits until it is known whether its expressions compile: as for a worker


async def accepted_checks(run: Run, rendering: Rendering) -> tuple[HealthCheck, ...]:
    """The health checks of the pattern, those of its spec before those of its artifact.

    Raises:
        Stalled: HEALTH_CHECK_INVALID: one can be true of no object, or they are too long for status.
        Transient: OPERATOR_BUSY: it cannot be found out now.
        Superseded: nobody wants it any more.
    """
    of_spec = run.pattern.spec.apply.health_checks or ()
    checks = effective(of_spec, rendering.health_checks)
    if not checks:
        return ()
    if len(msgspec.json.encode(checks)) > MAX_CHECKS:
        raise Stalled(
            reason=Reason.HEALTH_CHECK_INVALID,
            message=f"the health checks of spec.apply and pattern.yaml have more than {MAX_CHECKS // KIB} KiB together,"
            " and nothing is applied. Shorten their expressions, or remove some.",
        )
    expressions = [text for check in checks for _, text in check.expressions()]
    errors = await run.wait(run.cluster.check_errors(run.pattern, expressions), seconds=PATIENCE, late=_busy)
    faults = [
        *_faults("spec.apply.healthChecks", of_spec, errors=errors),
        *_faults("pattern.yaml: healthChecks", rendering.health_checks, errors=errors, used=checks),
    ]
    if faults:
        of_artifact = any(each.startswith("pattern.yaml") for each in faults)
        instead = ", publish the artifact again, or give the kind a check in spec.apply.healthChecks" * of_artifact
        raise Stalled(
            reason=Reason.HEALTH_CHECK_INVALID,
            message=f"a health check cannot be evaluated, and nothing is applied: {listed(faults, NAMED)}. Correct the"
            f" expression{instead}.",
        )
    return checks


def _busy() -> Transient:
    return Transient(
        reason=Reason.OPERATOR_BUSY,
        message="it is not known yet whether the health checks compile, because others are evaluated. It is tried"
        " again. If this persists, see which patterns of the namespace have health checks that take long.",
    )


def _faults(
    where: str,
    checks: tuple[HealthCheck, ...],
    *,
    errors: Mapping[str, str],
    used: tuple[HealthCheck, ...] | None = None,
) -> Iterator[str]:
    for position, check in enumerate(checks):
        if used is not None and not any(each is check for each in used):
            continue
        for name, text in check.expressions():
            if (why := errors.get(text)) is not None:
                yield f"{where}[{position}].{name} ({check.kind}) {why}"
