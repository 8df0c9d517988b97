"""Tenants who share an operator: hostile patterns of fourteen sorts, and good ones beside them."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests import hostile
from tests.e2e.scenario import API, config_map, push, widget
from tests.testbed.registry import Registry
from tests.testbed.repository import Repository

GOOD_NAMESPACES: Final = ("good-0", "good-1")
GOOD: Final = 20  # good patterns
MAPS: Final = 6  # ConfigMaps of a good pattern: five repairs of one object within a minute are made at once
ACCOUNT: Final = "deployer"
EVIL: Final = "(?:a?){4000000000}"  # 2 GiB to whoever compiles it
BACKTRACKING: Final = "^(([0-9]+)+[.]?)+$x"
ENTRIES: Final = 33_000  # hosts in a docker config of 1 MB
SLOW_OBJECTS: Final = 40

Body = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where hostile patterns pull from: a registry that works, one that does not, a port and a name that hang."""

    registry: Registry
    hostile: str
    hole: str
    name: str
    group: str


@dataclass(frozen=True)
class Neighbour:
    """A hostile pattern: its sort, its DesignPattern's spec, and what it needs beside it."""

    sort: str
    name: str
    spec: Body
    beside: tuple[Body, ...] = field(default=())

    @property
    def namespace(self) -> str:
        """Each sort is a tenant."""
        return f"noisy-{self.sort}"

    @property
    def body(self) -> Body:
        """The DesignPattern."""
        metadata = {"name": self.name, "namespace": self.namespace}
        return {"apiVersion": API, "kind": "DesignPattern", "metadata": metadata, "spec": self.spec}


def account(namespace: str) -> tuple[Body, ...]:
    """A namespace and its account, which may do everything there and nothing elsewhere."""
    rbac = "rbac.authorization.k8s.io"
    there = {"name": ACCOUNT, "namespace": namespace}
    return (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": there},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": there,
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", **there}],
        },
    )


# --- the good ---------------------------------------------------------------------------------------------------------


def good_name(number: int) -> tuple[str, str]:
    """Namespace and name of a good pattern."""
    return GOOD_NAMESPACES[number % len(GOOD_NAMESPACES)], f"good-{number:02}"


def good_maps(number: int) -> list[Body]:
    """The ConfigMaps of a good pattern, each with its name in its data."""
    return [config_map(f"good-{number:02}-{each}", stands=f"good-{number:02}-{each}") for each in range(MAPS)]


def good(registry: Registry) -> Iterator[Body]:
    """The good patterns, with their artifacts pushed."""
    for number in range(GOOD):
        namespace, name = good_name(number)
        serving = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
        repository = registry.repository(name)
        push(repository, "1.0.0", *good_maps(number), serving)
        metadata = {"name": name, "namespace": namespace}
        yield {"apiVersion": API, "kind": "DesignPattern", "metadata": metadata, "spec": _spec(repository.oci)}


# --- the hostile ------------------------------------------------------------------------------------------------------


def _spec(url: str, **source: Any) -> Body:
    """A pattern that comes back as often as it may."""
    asked = {"url": url, "insecure": True, "ref": {"tag": "1.0.0"}, **source}
    return {"interval": "1s", "retryInterval": "1s", "source": asked, "apply": {"serviceAccountName": ACCOUNT}}


def _of_layers(sort: str, *names: str) -> Callable[[Place], list[Neighbour]]:
    """Patterns of artifacts of ``hostile.py``."""

    def made(place: Place) -> list[Neighbour]:
        found = []
        for number, name in enumerate(names):
            repository = place.registry.repository(name.replace("_", "-"))
            repository.push("1.0.0", [(hostile.LAYER, hostile.layer(name))])
            found.append(Neighbour(sort, f"{name.replace('_', '-')}-{number}", _spec(repository.oci)))
        return found

    return made


def _of_registry(sort: str, *names: str, **source: Any) -> Callable[[Place], list[Neighbour]]:
    """Patterns of repositories of ``hostileregistry.py``, which are called after what they do."""

    def made(place: Place) -> list[Neighbour]:
        return [
            Neighbour(sort, f"{name}-{number}", _spec(f"oci://{place.hostile}/{name}/{number}", **source))
            for number, name in enumerate(names)
        ]

    return made


def _evil_filters(place: Place) -> list[Neighbour]:
    repository = place.registry.repository("filtered")
    for minor in range(30):
        push(repository, f"1.{minor}.0-{'1' * 60}", config_map("settings"))
    filters = {"too-large": EVIL, "too-slow": BACKTRACKING}
    return [
        Neighbour("filters", name, _spec(repository.oci, ref={"semver": ">=1.0.0-0", "semverFilter": text}))
        for name, text in filters.items()
    ]


def _hanging(place: Place) -> list[Neighbour]:
    hosts = {"silent": f"{place.hostile}/silent", "hole": f"{place.hole}/x", "name": f"{place.name}/x"}
    return [Neighbour("hanging", name, _spec(f"oci://{host}")) for name, host in hosts.items()]


def _docker_configs(place: Place) -> list[Neighbour]:
    auth = base64.b64encode(b"a:b").decode()
    config = json.dumps(
        {"auths": {f"r{number}.io": {"auth": auth} for number in range(ENTRIES)}}, separators=(",", ":")
    )
    there = {"name": "pull", "namespace": "noisy-docker-configs"}
    pull = {"apiVersion": "v1", "kind": "Secret", "metadata": there, "type": "kubernetes.io/dockerconfigjson"}
    pull |= {"data": {".dockerconfigjson": base64.b64encode(config.encode()).decode()}}
    secret = {"secretRef": {"name": "pull"}}
    return [
        Neighbour(
            "docker-configs", f"logs-in-{number}", _spec(f"oci://{place.hostile}/well/{number}", **secret), (pull,)
        )
        for number in range(2)
    ]


def _odd_objects(place: Place) -> list[Neighbour]:
    repository = place.registry.repository("odd")
    push(repository, "1.0.0", *(widget(place.group, f"widget-{number}") for number in range(5)))
    return [Neighbour("odd-objects", "widgets", _spec(repository.oci))]


def _flapping(place: Place) -> list[Neighbour]:
    repository = place.registry.repository("flapping")
    push(repository, "1.0.0", *(config_map(f"flapping-{number}", stands="still") for number in range(20)))
    there = {"name": "pull", "namespace": "noisy-flapping"}
    pull = {"apiVersion": "v1", "kind": "Secret", "metadata": there, "type": "kubernetes.io/dockerconfigjson"}
    pull |= {"stringData": {".dockerconfigjson": '{"auths": {}}'}}
    return [Neighbour("flapping", "flapping", _spec(repository.oci, secretRef={"name": "pull"}), (pull,))]


def _slow_webhook(place: Place) -> list[Neighbour]:
    repository: Repository = place.registry.repository("slow")
    found = []
    for number in range(2):
        push(repository, f"{number}.0.0", *(config_map(f"slow-{number}-{each}") for each in range(SLOW_OBJECTS)))
        found.append(Neighbour("slow-webhook", f"slow-{number}", _spec(repository.oci, ref={"tag": f"{number}.0.0"})))
    return found


SORTS: Final[dict[str, Callable[[Place], list[Neighbour]]]] = {
    "many-items": _of_layers("many-items", "many_items", "many_items_in_lists", "many_components"),
    "long-paths": _of_layers("long-paths", "nulls_under_long_key", "repairs_under_long_key"),
    "large-documents": _of_layers("large-documents", "wide_json", "wide_yaml"),
    "archives": _of_layers("archives", "unpacks_to_much", "unpacks_to_much", "unpacks_to_many", "bomb"),
    "filters": _evil_filters,
    "trickling": _of_registry("trickling", "trickling-blobs", "trickling-blobs", "trickling-manifests"),
    "hanging": _hanging,
    "tags": _of_registry("tags", "many-tags", "tags-of-nothing", ref={"semver": ">=2.0.0-0"}),
    "docker-configs": _docker_configs,
    "tokens": _of_registry("tokens", "huge-tokens", "internal-realm"),
    "refusals": lambda place: [
        *_of_layers("refusals", "refusals_of_long_names")(place),
        *_of_registry("refusals", "huge-refusals", "large-manifests")(place),
    ],
    "odd-objects": _odd_objects,
    "flapping": _flapping,
    "slow-webhook": _slow_webhook,
}
