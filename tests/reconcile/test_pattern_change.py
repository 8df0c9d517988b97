"""Others know of a pattern what its status says that was applied; all else of it is not known, restart or not."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from tests.reconcile.pattern import KEYS, LATER, NEWER, NOW, REVISION, conditions, moved_to, pattern, results

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.reconcile import status
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.pattern_change import lets_go_for, note_change, note_run, unknown_for
from pattern_operator.reconcile.results import Leaving, Results

CLAIM = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
UNSIGNED = Stalled(reason=Reason.SIGNATURE_MISSING, message="nobody signed it.")
AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="it does not answer.")
DENIED = Transient(reason=Reason.FORBIDDEN, message="it may not.")
REFUSED = Stalled(reason=Reason.COMPONENTS_REFUSED, message="one has a bad name.")
HOUR = 3_600.0


@dataclass
class Told:
    """What patterns that let objects go were told: the calls, in order."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self.calls.append((name, {**kwargs, "args": args}))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


def failed(failure: PatternError, *, stage: Stage, **more: Any) -> Results:
    return Results(**{"stage": stage, "policy": KEYS, "failure": failure, "revision": NEWER, **more})


def after(found: DesignPattern, made: Results) -> DesignPattern:
    return msgspec.structs.replace(found, status=status.after(found, made, now=LATER))


def told_of(found: DesignPattern) -> list[str]:
    told = Told()
    note_change(found, transfers=told, now=LATER)  # type: ignore[arg-type]
    return [each for each in told.names if each != "lets_go_since"]


def ran() -> Status:
    """The status of a pattern of which 1.0.0 was applied in full."""
    return status.after(pattern(), results(), now=NOW)


def moved() -> DesignPattern:
    """One that runs 1.0.0, and whose spec asks for 2.0.0 now."""
    return pattern(status=ran(), generation=2, spec=moved_to("2.0.0"))


RENDERING = Rendering(objects=(Object.of(CLAIM),), format="Manifests")


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(lambda: pattern(), id="it is new"),
        pytest.param(lambda: moved(), id="it was changed, and nobody looked at it"),
        pytest.param(lambda: after(moved(), failed(UNSIGNED, stage=Stage.VERIFY)), id="nobody signed it"),
        pytest.param(lambda: after(moved(), failed(AWAY, stage=Stage.SOURCE, revision=None)), id="it was not found"),
        pytest.param(
            lambda: after(pattern(status=ran()), failed(UNSIGNED, stage=Stage.VERIFY)),
            id="a newer one that a range found",
        ),
        pytest.param(
            lambda: msgspec.structs.replace(moved(), status=msgspec.structs.replace(ran(), observed_generation=2)),
            id="it is suspended",
        ),
    ],
)
def test_what_was_not_applied_in_full_is_not_known_although_it_was_looked_at(found: Callable[[], DesignPattern]):
    assert told_of(found()) == ["pattern_changed"]


def not_applied() -> DesignPattern:
    return after(moved(), failed(DENIED, stage=Stage.APPLY, rendering=RENDERING))


def not_accepted() -> DesignPattern:
    return after(moved(), failed(REFUSED, stage=Stage.RENDER, rendering=RENDERING))


GONE = failed(Stalled(reason=Reason.ARTIFACT_NOT_FOUND, message="404."), stage=Stage.SOURCE, revision=None)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(lambda: not_applied(), "pattern_not_applied", id="it was not applied"),
        pytest.param(lambda: not_accepted(), "pattern_not_applied", id="a component was refused"),
        pytest.param(lambda: after(not_applied(), GONE), "pattern_not_applied", id="and then its tag was removed"),
        pytest.param(
            lambda: after(not_accepted(), GONE), "pattern_not_applied", id="and then its tag was removed, too"
        ),
        pytest.param(
            lambda: after(not_applied(), failed(UNSIGNED, stage=Stage.VERIFY)),
            "pattern_not_applied",
            id="and then it was moved",
        ),
        pytest.param(
            lambda: pattern(status=not_applied().status, generation=3, spec=moved_to("3.0.0")),
            "pattern_changed",
            id="a change",
        ),
    ],
)
def test_of_what_was_rendered_and_not_applied_it_is_told_that_it_may_have_asked_for_data(
    found: Callable[[], DesignPattern], said: str
):
    assert told_of(found()) == [said]


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(lambda: pattern(status=ran()), id="it runs"),
        pytest.param(lambda: pattern(status=ran(), generation=2, spec={"suspend": True}), id="and is suspended"),
        pytest.param(
            lambda: after(pattern(status=ran()), failed(AWAY, stage=Stage.SOURCE, revision=None)), id="nobody answers"
        ),
        pytest.param(
            lambda: after(pattern(status=ran()), failed(UNSIGNED, stage=Stage.VERIFY, revision=REVISION)),
            id="distrusted",
        ),
    ],
)
def test_what_was_applied_in_full_is_known(found: Callable[[], DesignPattern]):
    assert told_of(found()) == ["pattern_seen"]


def test_a_pattern_that_goes_takes_nothing_and_lets_go_since_it_was_deleted():
    told, goes = Told(), pattern(status=ran(), deletionTimestamp="2026-11-25T12:00:00Z")

    note_change(goes, transfers=told, now=LATER)  # type: ignore[arg-type]

    id_ = owner_of(goes).id
    since = {"args": (id_,), "ago": HOUR, "at_most": HOUR}
    assert told.calls == [("leave", {"args": (id_,)}), ("lets_go_since", since)]


def test_of_a_pattern_that_is_not_there_nothing_is_told():
    told = Told()

    note_change(None, transfers=told, now=LATER)  # type: ignore[arg-type]

    assert told.calls == []


def spec_at(moment: str, *, fields: Any = None, **more: Any) -> dict[str, Any]:
    entry = {"manager": "kubectl", "operation": "Apply", "time": moment, "fieldsV1": fields or {"f:spec": {}}, **more}
    return {"managedFields": [entry]}


@pytest.mark.parametrize(
    ("metadata", "found", "seconds"),
    [
        pytest.param(spec_at("2026-11-25T11:00:00Z"), Status, 2 * HOUR, id="since the spec was changed"),
        pytest.param(spec_at("2026-11-25T11:00:00Z"), ran, 2 * HOUR, id="whatever went well since"),
        pytest.param(spec_at("2026-11-25T12:30:00Z"), Status, HOUR / 2, id="half an hour ago"),
        pytest.param(spec_at("2026-11-26T12:30:00Z"), Status, 0.0, id="by a clock that is ahead"),
        pytest.param(spec_at("soon"), Status, 0.0, id="at no time"),
        pytest.param(spec_at("2026-11-25T11:00:00Z", fields={"f:status": {}}), Status, 0.0, id="only the status"),
        pytest.param({"creationTimestamp": "2026-11-25T11:00:00Z"}, Status, 0.0, id="nothing tells of the change"),
    ],
)
def test_for_how_long_it_is_not_known_what_a_pattern_contains(
    metadata: Any, found: Callable[[], Status], seconds: float
):
    assert unknown_for(pattern(status=found(), **metadata), now=LATER) == seconds


def test_what_a_range_found_later_is_not_known_since_then():
    found = pattern(status=ran(), **spec_at("2026-11-25T11:00:00Z"))

    assert unknown_for(after(found, failed(UNSIGNED, stage=Stage.VERIFY)), now=LATER) == 0.0


def test_what_leaves_a_pattern_is_let_go_since_status_says_so():
    leaving = after(
        pattern(status=ran(), generation=2),
        results(leaving=Leaving(message="PersistentVolumeClaim data stays"), revision=NEWER),
    )
    later = LATER.replace(hour=14)

    assert conditions(leaving.status)["Applied"] == ("Unknown", "Pruning")
    assert lets_go_for(leaving, now=later) == HOUR
    assert lets_go_for(pattern(status=ran()), now=later) is None
    assert lets_go_for(pattern(), now=later) is None
    assert lets_go_for(pattern(deletionTimestamp="2026-11-25T12:30:00Z"), now=LATER) == HOUR / 2


def test_what_could_not_be_deleted_is_let_go_too_and_for_how_long_is_not_known():
    failing = after(pattern(status=ran(), generation=2), failed(DENIED, stage=Stage.APPLY))
    told = Told()

    note_change(failing, transfers=told, now=LATER.replace(hour=14))  # type: ignore[arg-type]

    assert told.calls[-1] == ("lets_go_since", {"args": (owner_of(failing).id,), "ago": HOUR, "at_most": math.inf})


@pytest.mark.parametrize(
    ("made", "calls"),
    [
        pytest.param(results(), ["pattern_ran", "pattern_rendered", "pattern_has_data"], id="it runs"),
        pytest.param(results(rendering=None), ["pattern_ran", "pattern_rendered"], id="it ran already"),
        pytest.param(
            failed(REFUSED, stage=Stage.RENDER, rendering=RENDERING),
            ["pattern_ran", "pattern_stalled", "pattern_rendered", "pattern_has_data"],
            id="a component was refused",
        ),
        pytest.param(
            failed(DENIED, stage=Stage.APPLY, rendering=RENDERING),
            ["pattern_ran", "pattern_rendered", "pattern_has_data"],
            id="an object was refused",
        ),
        pytest.param(
            failed(UNSIGNED, stage=Stage.VERIFY),
            ["pattern_ran", "pattern_stalled", "pattern_unrendered"],
            id="nobody signed it",
        ),
        pytest.param(
            failed(UNSIGNED, stage=Stage.VERIFY, revision=REVISION),
            ["pattern_ran", "pattern_stalled"],
            id="what runs is not trusted any more",
        ),
        pytest.param(failed(AWAY, stage=Stage.SOURCE, revision=None), [], id="nobody answered"),
    ],
)
def test_of_a_run_is_told_how_far_it_came(made: Results, calls: list[str]):
    told = Told()

    note_run(pattern(status=ran()), made, transfers=told, generation=2)  # type: ignore[arg-type]

    assert told.names == calls


@pytest.mark.parametrize(("failure", "reason"), [(DENIED, "Forbidden"), (REFUSED, "ComponentsRefused"), (None, "")])
def test_of_a_run_is_told_which_data_its_version_has_and_why_it_failed(failure: PatternError | None, reason: str):
    told, found = Told(), pattern(status=ran())
    made = Results(stage=Stage.APPLY, failure=failure, rendering=RENDERING, revision=NEWER, policy=KEYS)

    note_run(found, made, transfers=told, generation=2)  # type: ignore[arg-type]

    (said,) = [call for name, call in told.calls if name == "pattern_has_data"]
    claim = ObjectKey("", "PersistentVolumeClaim", "team", "data")
    assert said == {"args": (owner_of(found), frozenset({claim})), "failure": reason}
