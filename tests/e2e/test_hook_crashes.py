"""The operator is killed at each of its writes while hooks run: the next one runs none twice, and forgets none."""

import itertools
from functools import partial

import pytest
from tests.e2e.scenario import Scenario, eventually
from tests.e2e.test_crashes import MOST, Killed, is_gone, is_ready, killed
from tests.e2e.test_ended import end
from tests.e2e.test_hooks import job, push_chart, templates

__all__ = ["killed"]  # the fixture


def end_jobs(scenario: Scenario, *names: str) -> None:
    """End those of these Jobs that have begun."""
    for name in names:
        found = scenario.get("job", name) if scenario.there("job", name) else {}
        status = found.get("status", {})
        if status.get("active") == 1 and not status.get("conditions"):
            end(scenario, name, "Complete")


@pytest.mark.parametrize("work", ["installation", "deletion"])
def test_hooks_run_once_whenever_the_operator_is_killed(killed: Killed, scenario: Scenario, work: str) -> None:
    for write in itertools.count(1):
        assert write < MOST
        mine = scenario.another(f"{work}-{write}")
        before, after = (("pre-install", "post-install"), ("pre-delete", "post-delete"))[work == "deletion"]
        first, second = f"first-{write}", f"second-{write}"
        # Without before-hook-creation a second run of one would fail.
        hooks = (job(first, before, delete_policy="hook-failed"), job(second, after, delete_policy="hook-failed"))
        digest = push_chart(scenario.repository, f"1.0.{write}", templates("1", *hooks))

        def done(mine: Scenario = mine, digest: str = digest, names: tuple[str, str] = (first, second)) -> bool:
            end_jobs(mine, *names)
            return is_gone(mine) if work == "deletion" else is_ready(mine, digest)

        want = partial(mine.want, ref={"tag": f"1.0.{write}"})
        if work == "deletion":
            want()
            mine.until_runs(digest)
        ended = killed.ends_at(write, mine.delete if work == "deletion" else want, done)
        if ended:
            killed.begins_again()
        eventually(done, seconds=60.0)
        assert mine.there("job", first), "forgotten"
        assert mine.there("job", second), "forgotten"
        if work == "installation":
            mine.delete()
            mine.until_gone()
        for name in (first, second):
            mine.remove("job", name)
        if not ended:
            break
    assert write > 4
