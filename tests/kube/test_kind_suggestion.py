"""What is said of a kind that is not there: which one is meant, and a CRD only where one could define it."""

import itertools

import pytest
from tests.cputime import cpu_time

from pattern_operator.api.object import GroupKind
from pattern_operator.kube import kind_suggestion
from pattern_operator.kube.errors import KindNotFound
from pattern_operator.kube.kind_suggestion import NextStep, ServedKinds

KINDS = ServedKinds(
    {
        GroupKind("", "Pod"): "v1",
        GroupKind("", "Secret"): "v1",
        GroupKind("apps", "Deployment"): "apps/v1",
        GroupKind("apps", "DaemonSet"): "apps/v1",
        GroupKind("apps", "ReplicaSet"): "apps/v1",
        GroupKind("networking.k8s.io", "Ingress"): "networking.k8s.io/v1",
        GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): "admissionregistration.k8s.io/v1",
        GroupKind("example.com", "Widget"): "example.com/v1",
        GroupKind("serving.knative.dev", "Service"): "serving.knative.dev/v1",
        GroupKind("", "Service"): "v1",
    }
)
NO_KINDS = ServedKinds({})
INSTALL = "install the CRD that defines it"


@pytest.mark.parametrize(
    ("group", "kind", "meant"),
    [
        pytest.param("apps", "Deploymnet", "Deployment", id="two letters swapped"),
        pytest.param("apps", "Deploment", "Deployment", id="a letter left out"),
        pytest.param("apps", "deployment", "Deployment", id="small letters"),
        pytest.param("apps", "DaemxnSqt", "DaemonSet", id="two letters mistaken"),
        pytest.param("apps", "Deployments", "Deployment", id="the plural"),
        pytest.param("", "Secrets", "Secret", id="the core group"),
        pytest.param("", "Deployment", "Deployment of apps/v1", id="another group"),
        pytest.param("apps", "Ingress", "Ingress of networking.k8s.io/v1", id="yet another group"),
        pytest.param("apps", "Service", "Service of v1", id="not the one of the same name that a CRD defines"),
        pytest.param("extensions", "Widget", "Widget of example.com/v1", id="the kind of a CRD"),
    ],
)
def test_the_kind_that_is_meant_in_a_group_of_kubernetes_is_named_and_no_crd(group: str, kind: str, meant: str):
    assert str(NextStep(group, kind, KINDS)) == f"did you mean {meant}?"


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("apps", "Thing"),
        ("", "Thing"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("resource.k8s.io", "DeviceClass"),
        ("apps", "D" * 5000),
    ],
)
def test_where_none_is_meant_no_crd_is_asked_for_that_cannot_be(group: str, kind: str):
    said = str(NextStep(group, kind, KINDS))

    assert said.startswith(
        f"no CRD can bring it, because the kinds of the {f'group {group}' if group else 'core group'}"
    )
    assert "did you mean" not in said
    assert INSTALL not in said


@pytest.mark.parametrize(
    ("group", "kind", "said"),
    [
        ("example.com", "Widgets", f"{INSTALL}, or write Widget where that is meant"),
        ("example.com", "Wigdet", f"{INSTALL}, or write Widget where that is meant"),
        ("example.com", "Gadget", INSTALL),
        ("example.org", "Deployment", INSTALL),
        ("snapshot.storage.k8s.io", "VolumeSnapshot", INSTALL),
        ("gateway.networking.k8s.io", "HTTPRoute", INSTALL),
    ],
)
def test_what_a_crd_can_define_asks_for_it(group: str, kind: str, said: str):
    assert str(NextStep(group, kind, KINDS)) == said


def test_where_no_kinds_are_known_none_is_meant():
    assert "did you mean" not in str(NextStep("apps", "Deployment", NO_KINDS))


def test_a_missing_kind_tells_which_one_is_meant():
    missing = KindNotFound(group="apps", version="v1", kind="Deploymnet", kinds=KINDS)

    assert str(missing) == "the API server has no kind Deploymnet.apps: did you mean Deployment?"


# --- what it costs --------------------------------------------------------------------------------------------------

CLOUD = "ec2.cloud.example.io"


def many(number: int, name: str = "SecurityGroupEgress") -> ServedKinds:
    """The kinds of one group, with names of one length, as a provider of a cloud brings them."""
    return ServedKinds({GroupKind(CLOUD, f"{name}{n:03d}"): f"{CLOUD}/v1" for n in range(number)})


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were compared letter by letter."""
    names: list[str] = []
    compare = kind_suggestion._edits

    def counted(wanted: str, name: str, *, most: int) -> int | None:
        names.append(name)
        return compare(wanted, name, most=most)

    monkeypatch.setattr(kind_suggestion, "_edits", counted)
    return names


@pytest.mark.parametrize("kind", ["SecurityGroupEgress9999", "SecurityGrpEgrezz12345", "SecurityGroupEgr3ss001", "Vpc"])
def test_a_kind_is_compared_with_a_few_of_its_group(compared: list[str], kind: str):
    str(NextStep(CLOUD, kind, many(1000)))

    assert len(compared) <= 32


def test_a_kind_is_looked_for_once(compared: list[str]):
    kinds = many(100)

    first, second = (str(NextStep(CLOUD, "SecurityGroupEgres042", kinds)) for _ in range(2))

    assert first == second == f"{INSTALL}, or write SecurityGroupEgress042 where that is meant"
    assert len(compared) == len(set(compared))


@pytest.mark.parametrize("name", ["SecurityGroupEgress", "Z" * 55])
def test_one_look_costs_a_few_milliseconds_in_a_group_of_a_thousand_kinds(name: str):
    kinds = many(1000, name)
    str(NextStep(CLOUD, f"{name}x", kinds))  # what is kept for all of them

    others = itertools.count()  # each look is for another kind

    def look() -> None:
        for _ in range(20):
            str(NextStep(CLOUD, f"x{name[1:]}{next(others):02d}y", kinds))

    assert cpu_time(look, enough=0.2) / 20 < 0.01


def test_what_is_not_shown_is_not_looked_for(compared: list[str]):
    for n in range(100):
        KindNotFound(group=CLOUD, version="v1", kind=f"SecurityGroupEgrezz{n}", kinds=many(1))

    assert compared == []


@pytest.mark.parametrize("kind", ["SecurityGroupEgr3ss042", "SecurityGroupEgresss042", "securitygroupegress042"])
def test_the_nearest_of_many_kinds_of_like_names_is_found(kind: str):
    assert "SecurityGroupEgress042" in str(NextStep(CLOUD, kind, many(1000)))


def distance(one: str, other: str) -> int:
    """The optimal string alignment distance: letters mistaken, left out, added, or swapped with the next."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, its in enumerate(other, start=1):
            row.append(min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (letter != its)))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                row[j] = min(row[j], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


def test_letters_that_differ_are_counted_up_to_the_most_that_may():
    words = ["".join(word) for length in range(6) for word in itertools.product("abc", repeat=length)][::3]
    pairs = [pair for pair in itertools.product(words[::5], words[::4]) if abs(len(pair[0]) - len(pair[1])) <= 2]

    for one, other in pairs:
        exact = distance(one, other)
        for most in (1, 2):
            assert kind_suggestion._edits(one, other, most=most) == (exact if exact <= most else None), (one, other)

    assert len(pairs) > 500


@pytest.mark.parametrize(
    ("there", "asked", "is_meant"),
    [
        pytest.param("Abcdefg", "Xbcdefg", True, id="one of seven letters"),
        pytest.param("Abcdefg", "Xycdefg", False, id="two of seven"),
        pytest.param("Abcdefgh", "Xycdefgh", True, id="two of eight"),
        pytest.param("Abcdefgh", "Xyzdefgh", False, id="three of eight"),
        pytest.param("K" * 63, "K" * 63 + "s", False, id="a name that is longer than any"),
        pytest.param("K" * 62, "K" * 63, True, id="a name that is as long as any"),
        pytest.param("K" * 63, "K" * 62, True, id="a kind that is as long as any"),
    ],
)
def test_a_name_is_meant_where_few_of_its_letters_differ(there: str, asked: str, is_meant: bool):
    kinds = ServedKinds({GroupKind("example.com", there): "example.com/v1"})

    assert (there in str(NextStep("example.com", asked, kinds))) is is_meant


def test_of_kinds_of_one_name_those_of_kubernetes_are_meant_where_there_are_any():
    theirs, own = GroupKind("gateway.example", "Ingress"), GroupKind("networking.k8s.io", "Ingress")
    kinds = ServedKinds({own: "networking.k8s.io/v1", theirs: "gateway.example/v1"})
    only_theirs = ServedKinds({theirs: "gateway.example/v1"})

    told = [str(NextStep("apps", "Ingress", each)) for each in (kinds, only_theirs)]

    assert ["gateway.example" in each for each in told] == [False, True]
    assert ["networking.k8s.io" in each for each in told] == [True, False]
