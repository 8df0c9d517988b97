"""The health script for Argo CD, on what the operator really writes."""

from tests.argocd import judge
from tests.e2e.scenario import Scenario, condition, config_map, deployment, push


def health(scenario: Scenario) -> tuple[str, str]:
    return judge(scenario.kubectl.json("-n", scenario.namespace, "get", "dp", scenario.name))


def test_argocd_sees_what_runs_what_waits_what_is_suspended_and_what_is_wrong(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    never = deployment("never")
    never["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such-node"}
    push(scenario.repository, "2.0.0", never)
    scenario.want()
    scenario.until_runs(digest)
    runs = health(scenario)

    scenario.change({"source": {"ref": {"tag": "9.9.9"}}})
    scenario.until(lambda status: condition(status, "Stalled"))
    missing = health(scenario)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until(lambda status: condition(status, "Healthy")["status"] != "True")
    waits = health(scenario)
    scenario.change({"suspend": True})
    scenario.until(lambda status: status["status"] == "Suspended")
    suspended = health(scenario)

    assert [status for status, _ in (runs, missing, waits, suspended)] == [
        "Healthy",
        "Degraded",
        "Progressing",
        "Suspended",
    ]
    assert "1.0.0" in runs[1]
    assert "9.9.9" in missing[1]
    assert "never" in waits[1]
