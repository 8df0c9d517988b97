"""What is counted, under names that stay."""

from typing import Literal

from pattern_operator.api.condition import Condition
from pattern_operator.api.stage import Stage
from pattern_operator.api.trust_policy import PatternCounts, TrustPolicyStatus
from pattern_operator.telemetry import Metrics


def text(metrics: Metrics) -> str:
    return metrics.text().decode()


def test_requests_are_counted_by_verb_resource_and_code():
    metrics = Metrics()

    metrics.request("patch", "configmaps", 200, 0.1)
    metrics.request("patch", "configmaps", 200, 0.1)

    line = 'pattern_operator_api_requests_total{code="200",resource="configmaps",verb="patch"} 2.0'
    assert line in text(metrics)


def test_runs_are_counted_by_the_stage_and_reason_they_ended_with():
    metrics = Metrics()

    metrics.record_result(Stage.VERIFY, "SignatureMissing")

    assert 'pattern_operator_reconcile_total{reason="SignatureMissing",stage="verify"} 1.0' in text(metrics)


def test_a_run_is_timed():
    metrics = Metrics()

    with metrics.run():
        pass

    assert "pattern_operator_reconcile_duration_seconds_count 1.0" in text(metrics)


def test_gauges_are_read_when_they_are_scraped():
    metrics, ready = Metrics(), {"True": 1, "False": 2, "Unknown": 3}
    metrics.watch_patterns(ready.__getitem__, lambda: 7)
    metrics.watch_share(lambda: 0.75)

    ready["True"] = 5

    assert 'pattern_operator_patterns{ready="True"} 5.0' in text(metrics)
    assert 'pattern_operator_patterns{ready="False"} 2.0' in text(metrics)
    assert "pattern_operator_queue_overdue 7.0" in text(metrics)
    assert "pattern_operator_queue_largest_share 0.75" in text(metrics)


def policy_status(ready: Literal["True", "False", "Unknown"], **counts: int) -> TrustPolicyStatus:
    condition = Condition(type="Ready", status=ready, reason="x", message="", last_transition_time="")
    return TrustPolicyStatus(conditions=(condition,), patterns=PatternCounts(**counts))


def test_policies_are_told_by_name_until_they_are_gone():
    metrics = Metrics()
    metrics.trust_policies({"gone": policy_status("True"), "release": policy_status("True")})

    metrics.trust_policies({"release": policy_status("True", covered=3, failing=1), "broken": policy_status("Unknown")})

    told = [line for line in text(metrics).splitlines() if line.startswith("pattern_operator_trust_policy_")]
    assert told == [
        'pattern_operator_trust_policy_ready{policy="release"} 1.0',
        'pattern_operator_trust_policy_ready{policy="broken"} 0.0',
        'pattern_operator_trust_policy_patterns{policy="release",state="covered"} 3.0',
        'pattern_operator_trust_policy_patterns{policy="release",state="passing"} 0.0',
        'pattern_operator_trust_policy_patterns{policy="release",state="failing"} 1.0',
        'pattern_operator_trust_policy_patterns{policy="broken",state="covered"} 0.0',
        'pattern_operator_trust_policy_patterns{policy="broken",state="passing"} 0.0',
        'pattern_operator_trust_policy_patterns{policy="broken",state="failing"} 0.0',
    ]


def test_a_gauge_that_cannot_be_read_costs_itself_and_is_counted():
    metrics = Metrics()

    def broken() -> int:
        raise KeyError("a defect")

    metrics.watch_patterns({"True": 1, "False": 2, "Unknown": 3}.__getitem__, broken)
    metrics.text()

    assert 'pattern_operator_patterns{ready="True"} 1.0' in text(metrics)
    assert "pattern_operator_queue_overdue NaN" in text(metrics)
    assert 'pattern_operator_internal_errors_total{where="gauge"} 0.0' not in text(metrics)


def test_two_operators_in_one_process_do_not_share_what_they_count():
    one, other = Metrics(), Metrics()

    one.record_result(Stage.APPLY, "Ready")

    assert 'reason="Ready"' not in text(other)
