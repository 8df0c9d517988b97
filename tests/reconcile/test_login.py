"""A pull Secret that is changed makes a pattern that runs ask its registry once, and nothing else does."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from tests.reconcile.pattern import REVISION, pattern

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.reconcile import stages
from pattern_operator.reconcile.login import DOCKER_CONFIG, login_of
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.stages import find, has_new_login
from pattern_operator.source.held_version import Resolution

SPEC = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}, "secretRef": {"name": "pull"}}}
ANONYMOUS = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}}


class Referents:
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

    def told(self, _: Any, *, namespace: str, name: str) -> int:
        assert namespace == "team"
        return self.versions.get(name, 0)

    async def read(self, _: Any, *, name: str, **__: Any) -> dict[str, bytes]:
        self.reads += 1
        if name not in self.data:
            raise Stalled(reason=Reason.SECRET_NOT_FOUND, message="it does not exist")
        return self.data[name]


class Run:
    """Runs of one pattern, up to the look-up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.referents = Referents()
        self.memory = Memory()
        self.asked = 0
        self.rim: Any = SimpleNamespace(referents=self.referents, clock=lambda: 0.0)

        async def opened(*_: Any, **__: Any) -> Any:
            return SimpleNamespace(listed=0)

        async def resolve_or_hold(*_: Any, **__: Any) -> Any:
            self.asked += 1
            return Resolution(REVISION)

        monkeypatch.setattr(stages, "_open", opened)
        monkeypatch.setattr(stages, "resolve_or_hold", resolve_or_hold)

    async def __call__(self, spec: dict[str, Any] = SPEC) -> int:
        """Go once, as the reconciler does when others woke the pattern; how often the registry was asked by it."""
        before, wanted = self.asked, pattern(spec=spec)
        self.memory.login_changed = self.memory.login_changed or has_new_login(wanted, memory=self.memory, rim=self.rim)
        await find(wanted, memory=self.memory, rim=self.rim, waits=None)  # type: ignore[arg-type]
        return self.asked - before


@pytest.fixture
async def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    made = Run(monkeypatch)
    made.referents.put("pull", password="one")
    assert await made() == 1
    return made


async def test_another_login_is_tried_once(run: Run):
    run.referents.put("pull", password="two")

    assert [await run() for _ in range(3)] == [1, 0, 0]


async def test_a_secret_that_holds_the_same_login_asks_nobody_and_is_read_once(run: Run):
    run.referents.touch("pull")  # by a label
    before = run.referents.reads

    assert [await run() for _ in range(3)] == [0, 0, 0]
    assert run.referents.reads == before + 1


async def test_a_secret_that_is_gone_is_said_at_each_run_until_it_is_back(run: Run):
    kept = run.referents.data.pop("pull")
    run.referents.touch("pull")

    for _ in range(2):
        with pytest.raises(Stalled, match="does not exist"):
            await run()
    run.referents.data["pull"] = kept
    run.referents.touch("pull")

    assert await run() == 0
    assert run.asked == 1


async def test_a_spec_that_names_another_secret_or_none_asks_with_that_one(run: Run):
    run.referents.put("other", password="two")
    other = {"source": {**SPEC["source"], "secretRef": {"name": "other"}}}

    assert [await run(other), await run(other)] == [1, 0]
    assert [await run(ANONYMOUS), await run(ANONYMOUS)] == [1, 0]


async def test_a_secret_of_another_shape_is_another_login(run: Run):
    run.referents.data["pull"] = {"password": b"two"}
    run.referents.touch("pull")

    assert await run() == 1


async def test_nothing_of_the_secret_is_remembered(run: Run):
    login = await login_of(pattern(spec=SPEC), referents=run.referents)  # type: ignore[arg-type]

    assert run.memory.lookup is not None
    assert run.memory.lookup.login == login
    assert "one" not in repr(login)
