"""The health script for Argo CD, on what the operator really writes."""

from tests.argocd import judge
from tests.e2e.story import Story, condition, config_map, deployment, push


def health(story: Story) -> tuple[str, str]:
    return judge(story.kubectl.json("-n", story.namespace, "get", "dp", story.name))


def test_argocd_sees_what_runs_what_waits_what_is_suspended_and_what_is_wrong(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    never = deployment("never")
    never["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such-node"}
    push(story.repository, "2.0.0", never)
    story.want()
    story.until_runs(digest)
    runs = health(story)

    story.change({"source": {"ref": {"tag": "9.9.9"}}})
    story.until(lambda status: condition(status, "Stalled"))
    missing = health(story)
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until(lambda status: condition(status, "Healthy")["status"] != "True")
    waits = health(story)
    story.change({"suspend": True})
    story.until(lambda status: status["status"] == "Suspended")
    suspended = health(story)

    assert [status for status, _ in (runs, missing, waits, suspended)] == [
        "Healthy",
        "Degraded",
        "Progressing",
        "Suspended",
    ]
    assert "1.0.0" in runs[1]
    assert "9.9.9" in missing[1]
    assert "never" in waits[1]
