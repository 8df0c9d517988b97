"""A health text that changes all the time: what is written of it is little, and the last word is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.scenario import Scenario, condition, push, widget, widgets
from tests.testbed.kubectl import Kubectl

NOISE = 20.0  # seconds
CHANGES = 0.2  # seconds between two texts
# Of status at most in that time: at once, and twice (what it says of its health, and whether its values are others)
# after 2, 6 and 14 s. On a quiet machine both fall together; once every 2 s, forever, one of them alone would make ten.
WRITES = 1 + 2 * 3


@contextmanager
def chatter(kubectl: Kubectl, resource: str, namespace: str) -> Iterator[None]:
    """Give the object another text of its condition Ready over and over; at last ``the end``."""
    over = threading.Event()

    def say(text: str) -> None:
        ready = {"type": "Ready", "status": "False", "reason": "Busy", "message": text}
        patch = json.dumps({"status": {"conditions": [ready]}})
        kubectl("-n", namespace, "patch", resource, "first", "--type=merge", "-p", patch)

    def run() -> None:
        number = 0
        while not over.wait(CHANGES):
            number += 1
            say(f"{number} of many")
        say("the end")

    talking = threading.Thread(target=run)
    talking.start()
    try:
        yield
    finally:
        over.set()
        talking.join()


def test_a_health_text_that_changes_all_the_time_is_written_now_and_then_and_its_last_word_in_the_end(
    scenario: Scenario, group: str
) -> None:
    scenario.kubectl.apply(widgets(group))
    scenario.kubectl.established(f"widgets.{group}")
    digest = push(scenario.repository, "1.0.0", widget(group, "first"))
    scenario.want()
    scenario.until_runs(digest)

    seen: set[str] = set()
    with chatter(scenario.kubectl, f"widgets.{group}", scenario.namespace):
        begun = time.monotonic()
        while time.monotonic() - begun < NOISE:
            metadata = scenario.kubectl.json("-n", scenario.namespace, "get", "dp", scenario.name)["metadata"]
            seen.add(metadata["resourceVersion"])
    status = scenario.until(lambda status: "the end" in condition(status, "Healthy").get("message", ""), seconds=60)

    assert condition(status, "Ready")["status"] != "True"
    assert len(seen) - 1 <= WRITES
    scenario.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")
