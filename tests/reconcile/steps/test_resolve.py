"""The look-up: once an interval, once for another login, and not again while a long list rests.

A pull Secret that is changed makes a pattern that runs ask its registry once, and nothing else does.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.reconcile.pattern import REVISION, pattern

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.limits import MAX_TAGS, TAGS_A_SECOND
from pattern_operator.reconcile.backoff import CLOCK_SLACK
from pattern_operator.reconcile.desired import reference
from pattern_operator.reconcile.registry_login import DOCKER_CONFIG, Login, login_of, secret_version_of
from pattern_operator.reconcile.repositories import Found
from pattern_operator.reconcile.state import Lookup, Lookups, Nothing
from pattern_operator.reconcile.steps.resolve import has_new_login, is_known, resolve
from pattern_operator.source import ConnectionWaits
from pattern_operator.source.held_version import Resolution

SPEC = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}, "secretRef": {"name": "pull"}}}
ANONYMOUS = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}}


class ConfigSources:
    """Secrets by name, with the version that a watch told last."""

    def __init__(self) -> None:
        self.data: dict[str, dict[str, bytes]] = {}
        self.versions: dict[str, int] = {}
        self.reads = 0

    def put(self, name: str, *, password: str) -> None:
        self.data[name] = {DOCKER_CONFIG: json.dumps({"password": password}).encode()}
        self.touch(name)

    def touch(self, name: str) -> None:
        self.versions[name] = self.versions.get(name, 0) + 1

    def known_version(self, _: Any, *, namespace: str, name: str) -> int:
        assert namespace == "team"
        return self.versions.get(name, 0)

    async def read(self, _: Any, *, name: str, **__: Any) -> dict[str, bytes]:
        self.reads += 1
        if name not in self.data:
            raise Stalled(reason=Reason.SECRET_NOT_FOUND, message="it does not exist")
        return self.data[name]


class Registry:
    """Answers each look-up with ``answer``, after ``listed`` tags; reads the login from the Secrets."""

    def __init__(self) -> None:
        self.config_sources = ConfigSources()
        self.asked = 0
        self.answer: Revision | PatternError = REVISION
        self.listed = 0

    async def login(self, asking: Any) -> Login:
        return await login_of(asking, config_sources=self.config_sources)  # type: ignore[arg-type] # a stand-in

    async def look_up(self, *_: Any, **__: Any) -> Found:
        self.asked += 1
        return Found(Resolution(self.answer) if isinstance(self.answer, Revision) else self.answer, self.listed)


class Run:
    """Runs of one pattern, up to the look-up."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.config_sources = self.registry.config_sources
        self.lookups = Lookups()
        self.found: Revision | PatternError = REVISION
        self.now = 0.0

    @property
    def asked(self) -> int:
        return self.registry.asked

    async def __call__(self, spec: dict[str, Any] = SPEC) -> int:
        """Go once, as the reconciler does when others woke the pattern; how often the registry was asked by it."""
        before, wanted = self.asked, pattern(spec=spec)
        if has_new_login(self.lookups, secret_version_of(wanted, config_sources=self.config_sources)):  # type: ignore[arg-type] # a stand-in
            self.lookups = replace(self.lookups, login_changed=True)
        made = await resolve(
            wanted,
            self.lookups,
            objects=Nothing(),
            port=self.registry,
            clock=lambda: self.now,
            waits=ConnectionWaits(lambda: 0.0),
        )
        self.lookups, self.found = made.lookups, made.found
        return self.asked - before


@pytest.fixture
async def run() -> Run:
    made = Run()
    made.config_sources.put("pull", password="one")
    assert await made() == 1
    return made


async def test_another_login_is_tried_once(run: Run):
    run.config_sources.put("pull", password="two")

    assert [await run() for _ in range(3)] == [1, 0, 0]


async def test_a_secret_that_holds_the_same_login_asks_nobody_and_is_read_once(run: Run):
    run.config_sources.touch("pull")  # by a label
    before = run.config_sources.reads

    assert [await run() for _ in range(3)] == [0, 0, 0]
    assert run.config_sources.reads == before + 1


async def test_a_secret_that_is_gone_is_said_at_each_run_until_it_is_back(run: Run):
    kept = run.config_sources.data.pop("pull")
    run.config_sources.touch("pull")

    for _ in range(2):
        with pytest.raises(Stalled, match="does not exist"):
            await run()
    run.config_sources.data["pull"] = kept
    run.config_sources.touch("pull")

    assert await run() == 0
    assert run.asked == 1


async def test_a_spec_that_names_another_secret_or_none_asks_with_that_one(run: Run):
    run.config_sources.put("other", password="two")
    other = {"source": {**SPEC["source"], "secretRef": {"name": "other"}}}

    assert [await run(other), await run(other)] == [1, 0]
    assert [await run(ANONYMOUS), await run(ANONYMOUS)] == [1, 0]


async def test_a_secret_of_another_shape_is_another_login(run: Run):
    run.config_sources.data["pull"] = {"password": b"two"}
    run.config_sources.touch("pull")

    assert await run() == 1


async def test_nothing_of_the_secret_is_remembered(run: Run):
    login = await login_of(pattern(spec=SPEC), config_sources=run.config_sources)  # type: ignore[arg-type] # a stand-in

    assert run.lookups.last is not None
    assert run.lookups.last.login == login
    assert "one" not in repr(login)


# --- how often the registry is asked ---


async def test_a_tag_is_looked_up_once_an_interval(run: Run):
    asked = []
    for run.now in (1.0, 299.0, 300.0, 301.0):
        asked.append(await run())

    assert asked == [0, 0, 1, 0]


async def test_another_reference_is_looked_up_at_once(run: Run):
    assert await run({"source": {**SPEC["source"], "ref": {"tag": "2.0.0"}}}) == 1


async def test_a_digest_is_asked_for_once_and_never_again():
    run, digest = Run(), {"source": {"url": "oci://registry.example/web", "ref": {"digest": str(REVISION.digest)}}}
    first = await run(digest)
    run.now = 1e6

    assert (first, await run(digest)) == (1, 0)


async def test_what_the_registry_does_not_answer_is_asked_again_by_the_next_run(run: Run):
    away = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="it is away")
    run.now, run.registry.answer, run.registry.listed = 300.0, away, 2 * TAGS_A_SECOND
    first = await run()

    assert (first, run.found, run.lookups) == (1, away, Lookups(rest=2.0))
    run.registry.answer = REVISION
    assert (await run(), run.found) == (1, REVISION)


SOURCE = {"url": "oci://registry.example/web", "ref": {"semver": ">=1"}}


@pytest.mark.parametrize(
    ("interval", "listed", "until"),
    [
        pytest.param("1s", MAX_TAGS, 10.0, id="ten seconds for the longest list"),
        pytest.param("1s", 500, 1.0, id="a short list each interval"),
        pytest.param("1s", 0, 1.0, id="nothing was listed"),
        pytest.param("1m", MAX_TAGS, 60.0, id="an interval that is longer"),
    ],
)
def test_the_longer_a_list_the_longer_it_rests(interval, listed, until):
    resting = pattern(spec={"interval": interval, "source": SOURCE})
    lookups = Lookups(last=Lookup(reference(resting), REVISION, 0.0), rest=listed / TAGS_A_SECOND)

    assert is_known(resting, lookups, now=until - 0.5)
    assert not is_known(resting, lookups, now=until + 0.5)


def test_of_a_spec_that_cannot_be_read_nothing_is_known():
    broken = pattern(spec={"source": {"url": "oci://nowhere", "ref": {"tag": "1"}}})

    assert not is_known(broken, Lookups(last=Lookup(reference(pattern()), REVISION, 0.0)), now=0.0)


def test_what_was_never_looked_up_is_not_known():
    assert not is_known(pattern(), Lookups(), now=0.0)


def test_a_timer_may_be_a_little_early():
    resting = pattern(spec={"interval": "5m"})
    lookups = Lookups(last=Lookup(reference(resting), REVISION, 0.0))

    assert is_known(resting, lookups, now=300.0 - 2 * CLOCK_SLACK)
    assert not is_known(resting, lookups, now=300.0 - CLOCK_SLACK)
