"""What is too large for a status is said in it, or refused before anything is applied: never silence, never orphans."""

import random
import string

from tests.e2e.scenario import Scenario, condition, config_map, push


def test_names_that_no_status_can_hold_are_refused_before_anything_is_applied(scenario: Scenario) -> None:
    letters = random.Random(1)  # noqa: S311 - names that do not resemble each other
    long = [config_map("".join(letters.choices(string.ascii_lowercase, k=253))) for _ in range(4_500)]
    push(scenario.repository, "1.0.0", *long)

    scenario.want()
    status = scenario.until(lambda status: condition(status, "Ready").get("status") == "False", seconds=90)

    ready = condition(status, "Ready")
    assert ready["reason"] == condition(status, "Stalled")["reason"] == "InventoryTooLarge"
    assert "Split the pattern" in ready["message"]
    assert "nothing was changed" in ready["message"]
    assert status.get("inventory", {}).get("count", 0) == 0
    assert scenario.names("configmap") == []


def test_a_component_with_a_name_of_megabytes_is_refused_and_the_pattern_says_so(scenario: Scenario) -> None:
    push(scenario.repository, "1.0.0", config_map("-" * 2_000_000))

    scenario.want()
    status = scenario.until(lambda status: condition(status, "Ready").get("status") == "False", seconds=60)

    assert condition(status, "Ready")["reason"] == "ComponentsRefused"
    assert len(status["render"]["refusals"][0]["name"].encode()) <= 512
    assert len(condition(status, "Ready")["message"].encode()) <= 2048
