"""The parameters of a pattern: read with its account, merged in order, waited for, and never quoted."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.executors import EXECUTORS
from tests.reconcile.pattern import pattern

from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled, Transient, Waiting
from pattern_operator.limits import MAX_PARAMETERS
from pattern_operator.reconcile.desired import takes_secrets
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.reconcile.values_from import parameters_of

SECRET = "hunter2"
ACCOUNT = "system:serviceaccount:team:deployer"


class Sources:
    """Secrets and ConfigMaps by kind and name, and who read what."""

    def __init__(self, found: Mapping[str, Mapping[str, bytes]], failing: PatternError | None = None) -> None:
        self.found, self.failing = found, failing
        self.read_as: list[tuple[str, str | None]] = []

    async def read(self, resource: Any, *, namespace: str, name: str, reader: Any, account: str | None) -> Any:
        assert (namespace, reader) == ("team", PatternKey("team", "web"))
        title = f"{resource.kind}/{name}"
        self.read_as.append((title, account))
        if self.failing is not None:
            raise self.failing
        if title not in self.found:
            raise Stalled(reason=Reason.SECRET_NOT_FOUND, message=f"{title} does not exist")
        return self.found[title]


async def parameters(sources: Sources, *references: dict[str, Any], inline: Any = None) -> bytes:
    render = {"valuesFrom": list(references), **({"parameters": inline} if inline is not None else {})}
    found = await parameters_of(
        pattern(spec={"render": render}), account=ACCOUNT, sources=sources, cpu=EXECUTORS.of("team").cpu
    )
    return found.text


async def hidden(sources: Sources, *references: dict[str, Any], **spec: Any) -> set[str]:
    """What of the parameters is masked where texts about the pattern go out."""
    found = await parameters_of(
        pattern(spec={**spec, "render": {"valuesFrom": list(references), **spec.get("render", {})}}),
        account=ACCOUNT,
        sources=sources,
        cpu=EXECUTORS.of("team").cpu,
    )
    return set(found.secrets)


def of(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, **fields}


async def test_without_any_there_are_none():
    assert await parameters(Sources({})) == b"{}"


async def test_those_of_the_spec_are_merged_over_the_others_which_are_merged_in_order():
    sources = Sources(
        {
            "ConfigMap/base": {"values.yaml": b"a: {p: 1, q: 1, r: 1}\nlist: [1, 2]\n"},
            "Secret/db": {"more": b"a: {q: 2, r: 2}", "password": SECRET.encode() + b"\n"},
        }
    )

    found = await parameters(
        sources,
        of("ConfigMap", "base"),
        of("Secret", "db", valuesKey="more"),
        of("Secret", "db", valuesKey="password", targetPath="db.password"),
        inline={"a": {"r": 3}, "list": [], "x": None},
    )

    assert found == b'{"a":{"p":1,"q":2,"r":3},"db":{"password":"hunter2\\n"},"list":[],"x":null}'
    assert sources.read_as == [("ConfigMap/base", ACCOUNT), ("Secret/db", ACCOUNT), ("Secret/db", ACCOUNT)]


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
async def test_a_value_with_a_target_path_is_read_as_flux_reads_one(kind: str):
    content = {"pin": b"'1234'", "on": b"true", "port": b"5432", "line": b"a,b={c}"}
    sources = Sources({f"{kind}/db": content})

    found = await parameters(
        sources,
        of(kind, "db", valuesKey="pin", targetPath="pin"),
        of(kind, "db", valuesKey="on", targetPath="flags[1]"),
        of(kind, "db", valuesKey="port", targetPath="port"),
        of(kind, "db", valuesKey="line", targetPath="line"),
    )

    assert found == b'{"flags":[null,true],"line":"a,b={c}","pin":"1234","port":5432}'


@pytest.mark.parametrize(
    ("found", "says"),
    [({}, "Secret team/db does not exist"), ({"Secret/db": {"other": b""}}, "Secret team/db has no key values.yaml")],
)
async def test_what_is_missing_is_waited_for_by_name(found: Any, says: str):
    with pytest.raises(Waiting) as refusal:
        await parameters(Sources(found), of("Secret", "db"))

    assert refusal.value.reason is Reason.PARAMETERS_NOT_FOUND
    assert refusal.value.message.startswith(f"{says}, and spec.render.valuesFrom[0] names it: create it")


@pytest.mark.parametrize("found", [{}, {"Secret/db": {"other": b""}}])
async def test_what_is_optional_may_be_missing(found: Any):
    assert await parameters(Sources(found), of("Secret", "db", optional=True), inline={"a": 1}) == b'{"a":1}'


async def test_a_secret_that_is_not_base64_is_told_as_parameters_that_are_wrong():
    said = "Secret team/db has an entry 'host' that is not base64: correct it."
    sources = Sources({}, failing=Stalled(reason=Reason.SECRET_INVALID, message=said))

    with pytest.raises(Stalled) as refused:
        await parameters(sources, {"kind": "Secret", "name": "db", "optional": True})

    assert (refused.value.reason, refused.value.message) == (Reason.PARAMETERS_INVALID, said)


async def test_what_is_optional_and_wrong_is_refused():
    with pytest.raises(Stalled):
        await parameters(Sources({"Secret/db": {"values.yaml": b"text"}}), of("Secret", "db", optional=True))


@pytest.mark.parametrize(
    ("content", "reference", "says"),
    [
        (SECRET.encode(), {}, "Secret team/db, key values.yaml is not an object"),
        (f"a: {{{SECRET}".encode(), {}, "is not valid YAML, at line"),
        (b"\xff", {"targetPath": "a"}, "is not UTF-8 text"),
        (SECRET.encode(), {"targetPath": "a..b"}, "the targetPath for Secret team/db, key values.yaml"),
        (b"a: .inf", {}, "is not valid YAML, at line 1"),
        (b"a: " + b"x" * MAX_PARAMETERS, {}, "have more than 1024 KiB together"),
    ],
    ids=["text", "yaml", "bytes", "path", "number", "long"],
)
async def test_what_cannot_be_read_is_refused_without_a_word_of_it(content: bytes, reference: Any, says: str):
    with pytest.raises(Stalled) as refusal:
        await parameters(Sources({"Secret/db": {"values.yaml": content}}), of("Secret", "db", **reference))

    assert refusal.value.reason is Reason.PARAMETERS_INVALID
    assert says in refusal.value.message
    assert SECRET not in "".join(refusal.value.diagnostics())


async def test_the_size_of_all_together_is_bounded():
    most = b"a: " + b"x" * (MAX_PARAMETERS // 2)
    sources = Sources({"Secret/a": {"values.yaml": most}, "Secret/b": {"values.yaml": most}})

    with pytest.raises(Stalled, match="together"):
        await parameters(sources, of("Secret", "a"), of("Secret", "b"))


def expanding(position: int, values: int) -> bytes:
    """A short text whose aliases make it ``values`` values."""
    return f"a: &a [{','.join(['{}'] * 99)}]\nk{position}: [{','.join(['*a'] * (values // 100))}]\n".encode()


async def test_the_values_of_all_together_are_bounded_while_they_are_read():
    sources = Sources({f"ConfigMap/c{each}": {"values.yaml": expanding(each, 20_000)} for each in range(3)})

    with pytest.raises(Stalled, match=r"ConfigMap team/c2, key values.yaml .* has more values than the 50000"):
        await parameters(sources, *(of("ConfigMap", f"c{each}") for each in range(3)))


async def test_two_thirds_of_the_values_that_are_allowed_are_read():
    sources = Sources({f"ConfigMap/c{each}": {"values.yaml": expanding(each, 20_000)} for each in range(2)})

    found = json.loads(await parameters(sources, of("ConfigMap", "c0"), of("ConfigMap", "c1")))

    assert [len(found[name]) for name in ("a", "k0", "k1")] == [99, 200, 200]


async def test_the_entries_that_indexes_make_are_bounded():
    indexes = "[1023]" * 30
    sources = Sources({"Secret/s": {"v": b"x"}})

    with pytest.raises(Stalled, match="makes more than 50000 values and keys of all parameters"):
        await parameters(sources, *(of("Secret", "s", valuesKey="v", targetPath=f"{n}{indexes}") for n in "abc"))


async def test_the_values_of_the_spec_count_with_the_others():
    sources = Sources({"ConfigMap/c": {"values.yaml": expanding(0, 40_000)}})

    with pytest.raises(Stalled, match=r"what spec.render.parameters and valuesFrom are together .* has more values"):
        await parameters(sources, of("ConfigMap", "c"), inline={"list": [0] * 15_000})


@pytest.mark.parametrize("kind", [Stalled, Transient])
async def test_what_cannot_be_asked_for_fails_as_it_is(kind: Any):
    failing = kind(reason=Reason.FORBIDDEN, message="may not read it")

    with pytest.raises(kind, match="may not read it"):
        await parameters(Sources({}, failing), of("Secret", "db", optional=True))


@pytest.mark.parametrize(("kind", "expected"), [("Secret", True), ("ConfigMap", False)])
def test_what_is_rendered_with_a_secret_is_known(kind: str, expected: bool):
    assert takes_secrets(pattern(spec={"render": {"valuesFrom": [of(kind, "a")]}}).spec.render) is expected
    assert takes_secrets(pattern().spec.render) is False


async def test_values_of_secrets_are_hidden_and_of_config_maps_are_not():
    sources = Sources(
        {
            "Secret/db": {
                "values.yaml": b"a: {p: zq7Kvmw3, l: [correcthorse]}\npin: 123456\n",
                "one": b"s3cr3t-word\n",
            },
            "ConfigMap/base": {"values.yaml": b"host: shop-production\n"},
        }
    )

    found = await hidden(
        sources,
        of("ConfigMap", "base"),
        of("Secret", "db"),
        of("Secret", "db", valuesKey="one", targetPath="auth.word"),
    )

    assert found == {"zq7Kvmw3", "correcthorse", "123456", "s3cr3t-word"}


async def test_words_that_messages_are_full_of_are_not_hidden_though_a_secret_holds_them():
    words = b"{on: true, n: 3, port: 5432, tier: web, mode: default, kind: StatefulSet, ratio: 0.12345678}"

    assert await hidden(Sources({"Secret/db": {"values.yaml": words}}), of("Secret", "db")) == set()


async def test_what_the_pattern_itself_shows_is_not_hidden():
    sources = Sources({"Secret/db": {"values.yaml": b"host: registry.example\nline: shop-line-7\nword: zq7Kvmw3\n"}})

    found = await hidden(sources, of("Secret", "db"), render={"parameters": {"name": "shop-line-7"}})

    assert found == {"zq7Kvmw3"}


async def test_neither_parameters_nor_what_is_hidden_is_shown_by_their_repr():
    sources = Sources({"Secret/db": {"values.yaml": b"word: zq7Kvmw3\n"}})
    render = {"valuesFrom": [of("Secret", "db")]}

    found = await parameters_of(
        pattern(spec={"render": render}), account=ACCOUNT, sources=sources, cpu=EXECUTORS.of("team").cpu
    )

    assert "zq7Kvmw3" in found.secrets
    assert "zq7" not in repr(found)
