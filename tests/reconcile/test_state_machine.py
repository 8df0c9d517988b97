"""Whatever happens to a pattern, in whatever order: what must hold holds after each step, and at last all is at rest.

The world itself fails where something unverified is applied, or where something is created that is not on record.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.examples import examples
from tests.reconcile.world import KEY, SIGNED, World, digest_of, key_to

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.status import InventoryEntry
from pattern_operator.api.verification import PolicySource, Requirement, VerificationPolicy
from pattern_operator.reconcile.conditions import condition_of
from pattern_operator.reconcile.state import Applying, Running

NAMES = st.sampled_from(("a", "b", "c"))
OBJECTS = st.sets(NAMES, min_size=1)
TAGS = st.sampled_from(("stable", "stable", "edge"))
INTERVAL = 60.0  # seconds between two looks at the tag: at 10 s, nine runs of ten did nothing but look again
MOSTLY, RARELY = st.sampled_from((True, True, False)), st.sampled_from((False, False, True))
Result = TypeVar("Result")


class OnePattern(RuleBasedStateMachine):
    """A pattern that follows a tag, its registry, its cluster, and those who change them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World(interval=f"{INTERVAL:.0f}s", **SIGNED)
        self.pushed = 0
        self.changed = 0

    def teardown(self) -> None:
        self.world.close()
        self.loop.close()

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        self.world.push("stable", "v0", "a", "b")
        self.do(self.world.settle())

    # --- what happens ---

    @rule(tag=TAGS, objects=OBJECTS, signed=MOSTLY, refused=RARELY, found=MOSTLY)
    def somebody_pushes(self, tag: str, objects: set[str], signed: bool, refused: bool, found: bool) -> None:
        self.pushed += 1
        before = dict(self.world.live)
        self.world.push(tag, f"v{self.pushed}", *sorted(objects), signed=signed, refused=refused)
        if found:
            self.do(self.world.settle(INTERVAL))
            self.nothing_was_taken_by_a_failure(before)

    @rule(seconds=st.sampled_from((INTERVAL, 0.0, 1.0, 30.0, 200.0)))
    def time_passes(self, seconds: float) -> None:
        before = dict(self.world.live)
        self.do(self.world.settle(seconds))
        self.nothing_was_taken_by_a_failure(before)

    @precondition(lambda self: self.world.pattern is not None)
    @rule(tag=TAGS, suspend=RARELY, prune=MOSTLY, report=RARELY)
    def its_user_changes_it(self, tag: str, suspend: bool, prune: bool, report: bool) -> None:
        source = {"url": "oci://registry.example/web", "ref": {"tag": tag}}
        policy = "Report" if report else "Repair"
        self.world.change(source=source, suspend=suspend, apply={"prune": prune, "driftPolicy": policy})

    @precondition(lambda self: self.world.pattern is not None)
    @rule(name=NAMES, content=st.sampled_from((None, "someone", "other")))
    def somebody_changes_an_object(self, name: str, content: str | None) -> None:
        if key_to(name) in self.world.live:
            self.world.drift(name, content)

    @rule(name=NAMES, refuses=MOSTLY)
    def a_webhook_comes_or_goes(self, name: str, refuses: bool) -> None:
        (self.world.refuses.add if refuses else self.world.refuses.discard)(key_to(name))

    @precondition(lambda self: self.world.pattern is not None)
    @rule(objects=OBJECTS, name=NAMES)
    def an_update_is_refused_in_part(self, objects: set[str], name: str) -> None:
        self.world.refuses.add(key_to(name))
        self.somebody_pushes("stable", objects, signed=True, refused=False, found=True)

    @precondition(lambda self: self.world.pattern is not None)
    @rule(name=NAMES)
    def an_object_is_lost_beside_an_update_that_is_refused(self, name: str) -> None:
        self.somebody_pushes("stable", {name}, signed=False, refused=False, found=True)
        runs, pattern = self.world.state.running, self.world.pattern
        if key_to(name) not in self.world.live:
            return
        self.world.drift(name, None)
        self.do(self.world.settle(200.0))
        repairs = (
            runs is not None
            and runs == self.world.state.running
            and not self.world.refuses
            and not self.world.refusing
            and not self.world.away
        )
        if repairs and pattern is not None and not pattern.spec.suspend and pattern.spec.apply.drift_policy == "Repair":
            has = self.world.artifacts[str(runs.desired.revision.digest)].objects if runs is not None else ()
            assert name not in has or key_to(name) in self.world.live, f"{name} of what runs is not repaired"

    @rule(name=NAMES, stuck=RARELY)
    def a_finalizer_comes_or_goes(self, name: str, stuck: bool) -> None:
        if stuck:
            self.world.stuck.add(key_to(name))
        else:
            self.world.let_go(name)

    @rule(refuses=RARELY, many=RARELY, prune=st.booleans())
    def an_administrator_changes_a_policy(self, refuses: bool, many: bool, prune: bool) -> None:
        """It is followed when the pattern may be woken; until then, too, nothing is applied that it refuses."""
        self.changed += 1
        names = ("release", "security") if many else ("release",)
        sources = (PolicySource(name=name, version=str(self.changed), prune=prune) for name in names)
        self.world.policy = VerificationPolicy(tuple(Requirement(source=each, authorities=()) for each in sources))
        self.world.refusing = {"release"} if refuses else set()
        if self.world.pattern is not None:
            self.world.waker.found(KEY)

    @rule(hidden=st.booleans(), foreign=st.booleans())
    def the_registry_loses_signatures_or_shows_others(self, hidden: bool, foreign: bool) -> None:
        self.world.hidden = set(self.world.names) if hidden else set()
        self.world.foreign = set(self.world.names) if foreign else set()
        if self.world.pattern is not None:
            self.world.waker.found(KEY)

    @precondition(lambda self: self.world.pattern is not None)
    @rule(foreign=st.booleans(), refuses=RARELY)
    def the_operator_restarts_and_the_registry_has_lost_signatures(self, foreign: bool, refuses: bool) -> None:
        self.an_administrator_changes_a_policy(refuses=False, many=False, prune=True)
        self.do(self.world.settle(1.0))
        if refuses:
            self.an_administrator_changes_a_policy(refuses=True, many=False, prune=True)
        self.world.restart()
        self.the_registry_loses_signatures_or_shows_others(hidden=True, foreign=foreign)
        before = dict(self.world.live)
        self.do(self.world.settle(INTERVAL))
        self.nothing_was_taken_by_a_failure(before)

    @rule(away=RARELY)
    def the_registry_goes_or_comes(self, away: bool) -> None:
        self.world.away = away

    @rule(name=NAMES, unhealthy=RARELY)
    def an_object_becomes_unhealthy_or_healthy(self, name: str, unhealthy: bool) -> None:
        self.world.becomes(name, unhealthy=unhealthy)

    @rule()
    def the_operator_restarts(self) -> None:
        self.world.restart()

    @rule(writes=st.integers(1, 8), seconds=st.sampled_from((10.0, 200.0)))
    def the_operator_is_killed_around_a_write(self, writes: int, seconds: float) -> None:
        before = dict(self.world.live)
        self.world.kill_at = self.world.steps + writes
        self.do(self.world.settle(seconds))
        self.world.kill_at = None
        self.nothing_was_taken_by_a_failure(before)

    @precondition(lambda self: self.world.pattern is not None)
    @rule(objects=OBJECTS, writes=st.integers(1, 8))
    def the_operator_is_killed_in_an_update(self, objects: set[str], writes: int) -> None:
        self.world.kill_at = self.world.steps + writes
        self.somebody_pushes("stable", objects, signed=True, refused=False, found=True)
        self.world.kill_at = None

    @precondition(lambda self: self.world.inventoried)
    @rule(removed=st.booleans())
    def somebody_changes_the_annotation(self, removed: bool) -> None:
        if self.world.pattern is not None:
            entry = InventoryEntry(id=str(key_to("of-others")), v="v1", pending=True)
            self.world.annotate(*(() if removed else (entry,)))

    @precondition(lambda self: self.world.pattern is not None and not self.world.pattern.metadata.deletion_timestamp)
    @rule(really=st.integers(0, 9))
    def its_user_deletes_it(self, really: int) -> None:
        if really == 9:  # most of what is to be seen comes before
            self.world.delete()

    # --- what always holds ---

    def nothing_was_taken_by_a_failure(self, before: dict[Any, str]) -> None:
        """Only an update that was applied, or the end of the pattern, removes what was there."""
        pattern, taken = self.world.pattern, set(self.world.removed) & set(before)
        self.world.removed.clear()
        if self.world.withdrawn:  # a policy refuses what ran, and asks for it (``Cluster.delete``)
            self.world.withdrawn = False
            return
        if pattern is None or pattern.metadata.deletion_timestamp:
            return
        for key in taken:
            applied = [each for each in self.world.applied if key.name not in self.world.artifacts_of(each).objects]
            assert applied, f"{key} was removed, and nothing was applied that has it no longer"

    @invariant()
    def the_inventory_covers_what_exists(self) -> None:
        pattern = self.world.pattern
        if pattern is None:
            assert {each.name for each in self.world.live} <= self.world.abandoned, "objects outlive their pattern"
            return
        recorded, abandoned = self.world.recorded, self.world.abandoned
        lost = [each for each in self.world.live if str(each) not in recorded and each.name not in abandoned]
        assert not lost, f"nobody would ever remove {lost}"

    @invariant()
    def the_state_is_one_that_can_be(self) -> None:
        state = self.world.state
        if isinstance(state.objects, Applying):
            assert state.running is None
        if isinstance(state.objects, Running):
            assert state.objects.desired.revision.digest in {digest_of(each) for each in self.world.applied}

    @invariant()
    def at_rest_ready_says_true_of_what_runs_alone_and_nothing_is_written_again(self) -> None:
        world, pattern = self.world, self.world.pattern
        if pattern is None or (KEY in world.due and world.due[KEY] <= world.clock):
            return
        ready = condition_of(pattern.status, ConditionType.READY)
        if ready is None or ready.status != "True" or ready.observed_generation != pattern.metadata.generation:
            return
        digest = pattern.status.digest
        there = {each.name for each in world.live}
        # What drifted is repaired, unless nobody may, or nobody can say whether it may be.
        repairs = pattern.spec.apply.drift_policy == "Repair" and not pattern.spec.suspend
        repairs = repairs and not world.away and not world.refusing and world.state.failed is None
        for name in world.artifacts[digest].objects:
            assert name in there, f"Ready, and {name} is not there"
            is_applied = world.live[key_to(name)] == world.name_of(digest)
            assert is_applied or not repairs, f"Ready, and {name} drifted"
        writes = world.writes
        self.do(world.run_once())
        assert world.writes == writes or world.pattern is None or world.pattern.status != pattern.status
        assert world.writes == writes, "status was written although nothing changed"


TestOnePattern = OnePattern.TestCase
TestOnePattern.settings = settings(
    max_examples=examples(60), stateful_step_count=30, suppress_health_check=list(HealthCheck)
)
