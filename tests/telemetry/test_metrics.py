"""What is counted, under names that stay."""

from pattern_operator.api.stage import Stage
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
