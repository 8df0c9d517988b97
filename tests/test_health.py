"""What /readyz and /healthz say of each phase of the process."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from pattern_operator.health import (
    Electing,
    NotReady,
    Phase,
    Running,
    Starting,
    is_leader,
    liveness_error,
    readiness,
)
from pattern_operator.kube import OwnPermissions
from pattern_operator.watchdog import Watchdog


@dataclass
class Elector:
    holder: str = ""
    problem: str = ""


def running(*, now: float = 0.0, overdue: int = 0, words: str = "") -> Running:
    clock = [0.0]
    watchdog = Watchdog(clock=lambda: clock[0], overdue=lambda: overdue, watches=lambda: ())
    watchdog.check()
    clock[0] = now
    return Running(
        watchdog=watchdog, own_permissions=OwnPermissions(), queue_report=SimpleNamespace(words=words), message="works"
    )


@pytest.mark.parametrize(
    ("phase", "ready", "said"),
    [
        pytest.param(NotReady("starting"), False, "starting", id="before anything"),
        pytest.param(Electing(Elector("abc_1"), "looks"), True, "stands by: abc_1 holds the Lease", id="standing by"),
        pytest.param(Electing(Elector(), "looks for it"), False, "looks for it", id="nobody holds it, nor do we yet"),
        pytest.param(Electing(Elector(problem="it is forbidden"), "looks"), False, "it is forbidden", id="it cannot"),
        pytest.param(Electing(Elector("abc_1", "it is forbidden"), "looks"), True, "stands by: abc_1 holds the Lease"),
        pytest.param(Starting("reads what there is"), False, "reads what there is", id="leading, not yet working"),
        pytest.param(running(), True, "works", id="working"),
        pytest.param(running(words="namespace team holds 24 of 32 workers"), True,
            "works; namespace team holds 24 of 32 workers", id="patterns wait"),
        pytest.param(running(now=61.0, overdue=1), False,
            "patterns are due for 60 s, and no worker takes one", id="the work does not go on"),
    ],
)  # fmt: skip
def test_readyz_says_whether_the_process_does_its_part(phase: Phase, ready: bool, said: str):
    assert readiness(phase) == (ready, said)


@pytest.mark.parametrize(
    "phase", [NotReady("the API server is away"), Electing(Elector(problem="x"), "looks"), Starting("reads")]
)
def test_to_wait_for_something_is_to_be_alive(phase: Phase):
    assert liveness_error(phase) == ""


def test_work_that_does_not_go_on_is_not_alive():
    assert liveness_error(running(now=61.0, overdue=1)) == "patterns are due for 60 s, and no worker takes one"
    assert liveness_error(running(now=61.0)) == ""


def test_readyz_says_what_the_operator_itself_may_not_do_as_long_as_it_may_not():
    permissions = OwnPermissions()
    phase = replace(running(), own_permissions=permissions)
    permissions.answered("watch designpatterns.pattern-operator.io", 403)
    refused = readiness(phase)
    permissions.answered("watch designpatterns.pattern-operator.io", 200)

    assert not refused[0]
    assert "the operator itself may not watch designpatterns" in refused[1]
    assert readiness(phase) == (True, "works")
    assert liveness_error(phase) == ""


@pytest.mark.parametrize(
    ("phase", "leads"),
    [(NotReady(""), False), (Electing(Elector(), ""), False), (Starting(""), True), (running(), True)],
)
def test_who_starts_or_runs_is_the_leader(phase: Phase, leads: bool):
    assert is_leader(phase) is leads
