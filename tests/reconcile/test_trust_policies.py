"""Which policies hold is followed: who has to be judged again is woken, and what is not known yet is waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from tests.kube.fake_apiserver import serving
from tests.kube.fake_collection import Collection, until
from tests.reconcile.pattern import pattern
from tests.reconcile.test_policy_store import body

from pattern_operator.aio import background_tasks
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.api.verification import Requirement, Unsigned, UnusablePolicy
from pattern_operator.errors import Stalled, Transient
from pattern_operator.kube.wellknown import NAMESPACE, TRUST_POLICY
from pattern_operator.reconcile import PatternKey, PatternStore, trust_policies
from pattern_operator.reconcile.config_sources import Reader
from pattern_operator.reconcile.policies import Policies
from pattern_operator.reconcile.policy_store import PolicyKey
from pattern_operator.reconcile.trust_policies import TrustPolicies
from pattern_operator.verify.url_match import UrlGlob

pytestmark = pytest.mark.real_time
WEB, SHOP = PatternKey("team", "web"), PatternKey("shop", "web")
PROD = {"matchLabels": {"env": "prod"}}
EVERYTHING, ELSEWHERE = "oci://**", "oci://other.example/**"


class Cluster:
    """TrustPolicies and namespaces, and who is woken by them."""

    def __init__(self) -> None:
        self.policies, self.namespaces = Collection(TRUST_POLICY), Collection(NAMESPACE)
        self.patterns = PatternStore()
        self.woken: list[PatternKey] = []
        self.forgotten: list[PolicyKey] = []
        for namespace in ("team", "shop"):
            self.patterns.take(pattern(namespace=namespace, uid=f"u-{namespace}"))
            self.label(namespace)

    def put(self, name: str = "release", *, generation: int = 1, **spec: Any) -> None:
        made = body(name, generation=generation, **{"url": EVERYTHING, **spec})
        self.policies.put(name, namespace="", metadata={"generation": generation}, spec=made["spec"])

    def label(self, namespace: str, **labels: str) -> None:
        self.namespaces.put(namespace, namespace="", metadata={"labels": labels})

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[TrustPolicies]:
        async def answer(request: web.Request) -> web.StreamResponse:
            of_namespaces = request.path.endswith("/namespaces")
            return await (self.namespaces if of_namespaces else self.policies).answer(request)

        async with serving(answer) as session, background_tasks() as tasks:
            trust = TrustPolicies(
                session, self.patterns, wake=self.woken.append, forget=self.forgotten.append, tasks=tasks
            )
            trust.start()
            try:
                yield trust
            finally:
                await tasks.stop()
                for each in (self.policies, self.namespaces):
                    each._closed = True
                    each._changed.set()

    async def until_woken(self, *keys: PatternKey) -> None:
        await until(lambda: set(self.woken) >= set(keys))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setattr(trust_policies, "LEAVE", 0.05)
    return Cluster()


def to_source(asking: DesignPattern) -> tuple[DesignPattern, Repository]:
    """A pattern, and the repository that its spec names."""
    return asking, Repository.parse(asking.spec.source.url)


async def names(trust: TrustPolicies, asking: DesignPattern) -> list[str]:
    return [each.key.name for each in await trust.covering(*to_source(asking))]


async def test_the_policies_that_cover_a_pattern_are_known_once_they_are_listed(cluster: Cluster):
    cluster.put("b")
    cluster.put("a")
    cluster.put("elsewhere", url=ELSEWHERE)

    async with cluster.followed() as trust:
        found = await names(trust, pattern())

    assert found == ["a", "b"]


async def test_a_policy_that_comes_changes_or_goes_wakes_whom_it_covers_or_covered(cluster: Cluster):
    async with cluster.followed() as trust:
        assert await names(trust, pattern()) == []
        for change in (
            lambda: cluster.put(),
            lambda: cluster.put(generation=2, url=ELSEWHERE),  # it covered them
            lambda: cluster.put(generation=3),
            lambda: cluster.policies.drop("release", namespace=""),
        ):
            cluster.woken.clear()
            change()
            await cluster.until_woken(WEB, SHOP)

    assert cluster.forgotten == [PolicyKey("release")]


async def test_a_policy_that_is_gone_holds_for_nobody(cluster: Cluster):
    cluster.put()
    async with cluster.followed() as trust:
        before = await names(trust, pattern())
        cluster.policies.drop("release", namespace="")
        await cluster.until_woken(WEB, SHOP)

        assert (before, await names(trust, pattern())) == (["release"], [])


async def test_however_many_policies_ask_for_labels_namespaces_are_followed_once(cluster: Cluster):
    for name in ("a", "b"):
        cluster.put(name, match=[{"url": EVERYTHING, "namespaceSelector": PROD}])
    async with cluster.followed() as trust:
        await names(trust, pattern())
        running = [each.get_name() for each in asyncio.all_tasks()]

    assert running.count("watch-namespaces-for-policies") == 1


async def test_other_labels_of_a_namespace_change_how_many_patterns_a_policy_covers(cluster: Cluster):
    cluster.put(match=[{"url": EVERYTHING, "namespaceSelector": PROD}])
    async with cluster.followed() as trust:
        await names(trust, pattern())
        trust.changed.clear()
        cluster.label("team", env="prod")
        async with asyncio.timeout(10):
            await trust.changed.wait()

        assert await names(trust, pattern()) == ["release"]


async def test_what_is_there_at_first_wakes_nobody_who_waits_for_it_anyhow(cluster: Cluster):
    cluster.put()
    cluster.put("labels", match=[{"url": EVERYTHING, "namespaceSelector": PROD}])
    async with cluster.followed() as trust:
        await names(trust, pattern())

    assert cluster.woken == []


async def test_however_many_patterns_there_are_the_loop_goes_on(cluster: Cluster):
    for number in range(1_000):
        cluster.patterns.take(pattern(name=f"p{number}", uid=f"p{number}"))
    many = [{"url": f"oci://elsewhere.example/{number}/**"} for number in range(63)]
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with cluster.followed() as trust:
        await names(trust, pattern())
        counting = asyncio.ensure_future(count())
        cluster.put(match=[*many, {"url": EVERYTHING}])
        await trust.changed.wait()
        turns = 0
        await until(lambda: len(set(cluster.woken)) == len(cluster.patterns))
        counting.cancel()

    assert turns >= 1_000 * 64 // trust_policies.AT_ONCE // 2


@pytest.mark.parametrize(("patterns", "breaks"), [(29, 2), (30, 3)])
async def test_after_so_many_patterns_others_have_their_turn(
    cluster: Cluster, patterns: int, breaks: int, monkeypatch: pytest.MonkeyPatch
):
    turns = 0
    monkeypatch.setattr(trust_policies, "AT_ONCE", 10)
    async with cluster.followed() as trust:
        await names(trust, pattern())
        monkeypatch.setattr(trust, "_patterns", [pattern(name=f"p{number}") for number in range(patterns)])

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.ensure_future(count())
        await trust._wake_matched([UrlGlob.parse(EVERYTHING)])
        counting.cancel()

    assert (turns, len(cluster.woken)) == (breaks, patterns)


async def test_what_a_policy_does_not_cover_and_its_status_wake_nobody(cluster: Cluster):
    cluster.put()
    async with cluster.followed() as trust:
        await names(trust, pattern())
        trust.changed.clear()

        cluster.put()  # the same generation: only its status is another
        cluster.put("elsewhere", url=ELSEWHERE)
        await trust.changed.wait()

    assert cluster.woken == []


async def test_the_labels_of_a_namespace_decide_and_wake_its_patterns_when_they_change(cluster: Cluster):
    cluster.put(match=[{"url": EVERYTHING, "namespaceSelector": PROD}])
    async with cluster.followed() as trust:
        before = await names(trust, pattern())

        cluster.label("team", env="prod")
        await cluster.until_woken(WEB)
        after = await names(trust, pattern()), await names(trust, pattern(namespace="shop"))

    assert before == []
    assert after == (["release"], [])
    assert set(cluster.woken) == {WEB}


async def test_where_the_labels_of_a_namespace_are_not_known_nothing_is_known_to_be_approved(cluster: Cluster):
    cluster.put(match=[{"url": EVERYTHING, "namespaceSelector": PROD}])
    async with cluster.followed() as trust:
        with pytest.raises(Transient, match="the labels of namespace new are not known yet"):
            await trust.covering(*to_source(pattern(namespace="new")))


async def test_where_no_policy_asks_for_labels_namespaces_are_not_followed(cluster: Cluster):
    cluster.put()
    async with cluster.followed() as trust:
        await names(trust, pattern())

    assert cluster.namespaces.asked == []


@pytest.mark.parametrize(
    ("code", "reason", "says"),
    [
        (403, "Forbidden", "may not list and watch trustpolicies.pattern-operator.io; apply its manifests again"),
        (500, "InternalError", "TrustPolicies cannot be followed"),
        (500, "InternalError", "what must be verified: InternalError. It is tried again."),
        (404, "NotFound", "the kind is missing; apply crds/"),
    ],
)
async def test_until_the_policies_are_listed_nothing_is_known_to_be_approved(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, code: int, reason: str, says: str
):
    monkeypatch.setattr(trust_policies, "SYNC_TIMEOUT", 0.3)
    cluster.policies.refuse = {"list": (code, reason)}

    async with cluster.followed() as trust:
        with pytest.raises(Transient) as unknown:
            await trust.covering(*to_source(pattern()))

    assert says in unknown.value.message
    assert "not known what must be verified" in unknown.value.message


@pytest.mark.parametrize("kind", ["policies", "namespaces"])
async def test_while_they_cannot_be_watched_nothing_is_known_and_who_waited_is_woken(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, kind: str
):
    """A policy or label that comes meanwhile would be missed: RBAC that is broken later is as one that never was."""
    monkeypatch.setattr(trust_policies, "SYNC_TIMEOUT", 0.1)
    cluster.put(match=[{"url": EVERYTHING, "namespaceSelector": PROD}])
    broken: Collection = getattr(cluster, kind)
    async with cluster.followed() as trust:
        before = await names(trust, pattern())
        await until(lambda: broken.asked[-1].startswith("watch"))
        broken.refuse = {"list": (403, "Forbidden"), "watch": (403, "Forbidden")}
        broken.fail_watches(403, "Forbidden")
        await until(lambda: broken.asked[-1].startswith("list"))
        cluster.put("new")
        cluster.label("team", env="prod")
        with pytest.raises(Transient, match="the operator may not list and watch"):
            await trust.covering(*to_source(pattern()))
        cluster.woken.clear()
        broken.refuse = {}
        await cluster.until_woken(WEB)

        assert (before, await names(trust, pattern())) == ([], ["new", "release"])


async def test_who_waited_is_woken_once_where_nothing_changed_meanwhile(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(trust_policies, "SYNC_TIMEOUT", 0.1)
    cluster.put("elsewhere", url=ELSEWHERE)
    async with cluster.followed() as trust:
        await names(trust, pattern())
        await until(lambda: cluster.policies.asked[-1].startswith("watch"))
        cluster.policies.refuse = {"list": (403, "Forbidden"), "watch": (403, "Forbidden")}
        cluster.policies.fail_watches(403, "Forbidden")
        await until(lambda: not trust._policy_watch.current.is_set())
        with pytest.raises(Transient):
            await names(trust, pattern())
        trust.changed.clear()
        cluster.policies.refuse = {}
        await cluster.until_woken(WEB)
        assert trust.changed.is_set()
        again = list(cluster.woken)
        trust._is_known_again()

    assert (again, cluster.woken) == ([WEB], [WEB])


async def test_policies_of_a_kind_that_is_not_served_are_not_gone(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trust_policies, "SYNC_TIMEOUT", 0.1)
    cluster.put("kept")
    cluster.put("deleted")
    async with cluster.followed() as trust:
        await names(trust, pattern())
        cluster.policies.refuse = {"list": (404, "NotFound"), "watch": (404, "NotFound")}
        cluster.policies.fail_watches(404, "NotFound")
        await until(lambda: trust._unseen != set())
        trust._is_known_again()  # of namespaces, whose watch may be opened again meanwhile
        with pytest.raises(Transient, match="the kind is missing; apply crds/"):
            await trust.covering(*to_source(pattern()))
        counted = [each.key.name for each in trust.known_covering(pattern())]
        trust.changed.clear()
        cluster.policies.drop("deleted", namespace="")
        cluster.policies.refuse = {}
        await cluster.until_woken(WEB)

        assert trust.changed.is_set()
        assert trust._unseen == set()
        assert counted == ["deleted", "kept"]
        assert await names(trust, pattern()) == ["kept"]
    assert cluster.forgotten == [PolicyKey("deleted")]


async def test_a_policy_that_is_replaced_holds_all_the_time(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    """`kubectl replace --force` deletes it, and makes another one of its name a moment later."""
    monkeypatch.setattr(trust_policies, "LEAVE", 0.5)
    cluster.put()
    async with cluster.followed() as trust:
        await names(trust, pattern())
        cluster.policies.drop("release", namespace="")
        await until(lambda: any(each.get_name() == "leave-trustpolicy" for each in asyncio.all_tasks()))
        between = await names(trust, pattern())
        cluster.put(generation=1, mode="Warn")
        await cluster.until_woken(WEB)
        await until(lambda: all(each.get_name() != "leave-trustpolicy" for each in asyncio.all_tasks()))
        (after,) = await trust.covering(*to_source(pattern()))

    assert between == ["release"]
    assert after.source.mode == "Warn"
    assert cluster.forgotten == []


async def test_a_changed_secret_of_a_policy_wakes_whom_it_covers(cluster: Cluster):
    cluster.put()
    cluster.put("elsewhere", url=ELSEWHERE)
    async with cluster.followed() as trust:
        await names(trust, pattern())
        trust.changed.clear()

        trust.material_changed(PolicyKey("elsewhere"))
        trust.material_changed(PolicyKey("gone"))
        await asyncio.sleep(0.05)  # nothing comes of it, so there is nothing to wait for
        nobody = list(cluster.woken)
        trust.material_changed(PolicyKey("release"))
        await cluster.until_woken(WEB, SHOP)

    assert nobody == []
    assert trust.changed.is_set()


# --- what they require ---


class Sources:
    """Secrets of the operator's namespace by name."""

    def __init__(self, **secrets: dict[str, bytes]) -> None:
        self.secrets = secrets
        self.readers: list[tuple[str, Reader]] = []
        self.forgotten: list[Reader] = []

    async def read(self, _: object, *, namespace: str, name: str, reader: Reader) -> dict[str, bytes]:
        self.readers.append((f"{namespace}/{name}", reader))
        if name not in self.secrets:
            raise Stalled(reason=Reason.SECRET_NOT_FOUND, message=f"Secret {name} does not exist.")
        return self.secrets[name]

    def forget(self, reader: Reader) -> None:
        self.forgotten.append(reader)


def by_secret(name: str, key: str = "cosign.pub") -> list[dict[str, Any]]:
    return [{"name": "release-team", "key": {"secretRef": {"name": name, "key": key}}}]


async def required(
    cluster: Cluster, sources: Sources, asking: DesignPattern
) -> tuple[Requirement | UnusablePolicy, ...]:
    held: Any = sources
    async with cluster.followed() as trust:
        policies = Policies(held, trust, namespace="system", unsigned=Unsigned.DENY)
        found = await policies.of(*to_source(asking))
        again = await policies.of(*to_source(asking))
    assert found == again
    assert all(
        one is other for one, other in zip(found.requirements, again.requirements, strict=True) if one.source.name
    )
    assert found.unsigned is Unsigned.DENY
    return found.requirements


async def test_the_keys_of_a_policy_are_of_the_operators_namespace_and_shared(cluster: Cluster):
    cluster.put(authorities=by_secret("keys"), maxAge="24h", threshold=1)
    sources = Sources(keys={"cosign.pub": b"a key"})

    (found,) = await required(cluster, sources, pattern())

    assert isinstance(found, Requirement)
    assert found.authorities[0].content("key") == b"a key"
    assert found.max_age is not None
    assert set(sources.readers) == {("system/keys", PolicyKey("release"))}


async def test_what_the_pattern_itself_requires_comes_first_and_is_of_its_namespace(cluster: Cluster):
    cluster.put(authorities=by_secret("keys"))
    sources = Sources(keys={"cosign.pub": b"a key"}, own={"cosign.pub": b"own key"})
    asking = pattern(spec={"verify": {"authorities": by_secret("own")}})

    own, of_policy = await required(cluster, sources, asking)

    assert (own.source.name, of_policy.source.name) == ("", "release")
    assert ("team/own", WEB) in sources.readers


@pytest.mark.parametrize(
    ("spec", "reason", "says"),
    [
        ({"authorities": by_secret("gone")}, "SecretNotFound", "Secret gone does not exist."),
        ({"authorities": by_secret("keys", "other")}, "SecretInvalid", "Secret system/keys has no entry other"),
        ({"authorities": [{"name": "a", "key": {}}]}, "InvalidSpec", "key needs exactly one of data"),
        ({"mode": "Audit"}, "PolicyInvalid", "it cannot be read"),
        ({"maxAge": "soon"}, "InvalidSpec", "spec.maxAge"),
    ],
    ids=["no Secret", "no entry", "no source", "unreadable", "no duration"],
)
async def test_a_policy_that_cannot_be_used_is_told_as_such_and_not_left_out(
    cluster: Cluster, spec: dict[str, Any], reason: str, says: str
):
    cluster.put(**spec)

    (found,) = await required(cluster, Sources(keys={"cosign.pub": b"a key"}), pattern())

    assert isinstance(found, UnusablePolicy)
    assert (found.reason, found.source.name) == (reason, "release")
    assert says in found.message


async def test_a_key_that_cannot_be_read_now_is_no_verdict(cluster: Cluster):
    cluster.put(authorities=by_secret("keys"))
    away: Any = Sources()

    async def read(*_: object, **__: object) -> dict[str, bytes]:
        raise Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="away")

    away.read = read
    async with cluster.followed() as trust:
        with pytest.raises(Transient, match="away"):
            await Policies(away, trust, namespace="system", unsigned=Unsigned.ALLOW).of(*to_source(pattern()))


async def test_what_a_policy_that_is_gone_used_is_forgotten(cluster: Cluster):
    cluster.put(authorities=by_secret("keys"))
    sources: Any = Sources(keys={"cosign.pub": b"a key"})
    async with cluster.followed() as trust:
        policies = Policies(sources, trust, namespace="system", unsigned=Unsigned.ALLOW)
        await policies.of(*to_source(pattern()))

    policies.forget(PolicyKey("release"))

    assert sources.forgotten == [PolicyKey("release")]
    assert policies._shared == {}


@pytest.mark.parametrize(
    ("authority", "words"),
    [
        pytest.param(
            {"name": "a", "key": {"secretRef": {"name": "keys", "key": "other"}}},
            "add the public key under that name",
            id="a key",
        ),
        pytest.param(
            {
                "name": "a",
                "certificates": {
                    "roots": {"secretRef": {"name": "keys", "key": "other"}},
                    "subject": {"emails": ["a@example.com"]},
                },
            },
            "add it under that name",
            id="certificates",
        ),
    ],
)
async def test_what_is_to_be_added_to_a_secret_is_named(cluster: Cluster, authority: dict[str, Any], words: str):
    cluster.put(authorities=[authority])

    (found,) = await required(cluster, Sources(keys={"cosign.pub": b"a key"}), pattern())

    assert isinstance(found, UnusablePolicy)
    assert words in found.message


async def test_the_labels_of_a_namespace_that_is_gone_hold_for_nobody(cluster: Cluster):
    cluster.label("team", env="prod")
    cluster.put(match=[{"url": EVERYTHING, "namespaceSelector": PROD}])
    async with cluster.followed() as trust:
        before = await names(trust, pattern())
        cluster.namespaces.drop("team", namespace="")
        await until(lambda: "team" not in trust._labels)

        with pytest.raises(Transient, match="the labels of namespace team are not known yet"):
            await trust.covering(*to_source(pattern()))

    assert before == ["release"]


async def test_of_a_pattern_whose_source_cannot_be_read_no_policy_is_known_to_cover_it(cluster: Cluster):
    cluster.put()
    broken = pattern(spec={"source": {"url": "oci://", "ref": {"tag": "1"}}})
    async with cluster.followed() as trust:
        await names(trust, pattern())

        assert [each.key.name for each in trust.known_covering(pattern())] == ["release"]
        assert trust.known_covering(broken) == ()
