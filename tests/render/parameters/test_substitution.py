"""References to parameters in texts: typed, escaped, strict, and put in once."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.limits import MAX_RENDERED
from pattern_operator.render.parameters.substitution import InvalidReference, Substitution

PARAMETERS: dict[str, Any] = {
    "host": "example.com",
    "replicas": 3,
    "debug": True,
    "ratio": 0.5,
    "labels": {"team": "web"},
    "hosts": [{"name": "a"}],
    "tricky": "${host} $${x} {{ y }}",
    "odd-name_1": "odd",
}


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("${host}", "example.com"),
        ("${replicas}", 3),
        ("${debug}", True),
        ("${labels}", {"team": "web"}),
        ("${labels.team}", "web"),
        ("${hosts[0].name}", "a"),
        ("${odd-name_1}", "odd"),
        ("https://${host}:${replicas}/${debug}/${ratio}", "https://example.com:3/true/0.5"),
        ("${tricky}", "${host} $${x} {{ y }}"),
        ("-${tricky}-", "-${host} $${x} {{ y }}-"),
        ("$${host}", "${host}"),
        ("$$${host}", "$${host}"),
        ("$${host} is ${host}", "${host} is example.com"),
        ("$host $(host) $$ {host} $", "$host $(host) $$ {host} $"),
        ("", ""),
    ],
)
def test_a_reference_is_replaced(text: str, replaced: Any):
    found = Substitution(PARAMETERS).substitute(text)

    assert found == replaced
    assert type(found) is type(replaced)


def _object(kind: str, version: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, **fields}


_ENV = {"env": [{"name": "PORT", "value": "${replicas}"}], "args": ["${debug}"]}


@pytest.mark.parametrize(
    ("document", "path", "replaced"),
    [
        (_object("ConfigMap", data={"a": "${replicas}"}), ("data", "a"), "3"),
        (_object("Secret", stringData={"a": "${debug}"}), ("stringData", "a"), "true"),
        (_object("Widget", "acme.io/v1", metadata={"labels": {"a": "${ratio}"}}), ("metadata", "labels", "a"), "0.5"),
        (_object("Pod", metadata={"annotations": {"a": "${debug}"}}), ("metadata", "annotations", "a"), "true"),
        (_object("Pod", spec={"containers": [_ENV]}), ("spec", "containers", 0, "env", 0, "value"), "3"),
        (_object("Pod", spec={"containers": [_ENV]}), ("spec", "containers", 0, "args", 0), "true"),
        (_object("List", items=[_object("ConfigMap", data={"a": "${replicas}"})]), ("items", 0, "data", "a"), "3"),
        (
            {"component": {"kind": "ConfigMap", "version": "v1"}, "configuration": {"data": {"a": "${replicas}"}}},
            ("configuration", "data", "a"),
            "3",
        ),
        (
            {"type": "ConfigMap", "apiVersion": "v1", "settings": {"data": {"a": "${replicas}"}}},
            ("settings", "data", "a"),
            "3",
        ),
        # What takes more than text keeps the type.
        (_object("Deployment", "apps/v1", spec={"replicas": "${replicas}"}), ("spec", "replicas"), 3),
        (_object("ConfigMap", immutable="${debug}"), ("immutable",), True),
        (_object("Widget", "acme.io/v1", data={"a": "${replicas}"}), ("data", "a"), 3),
        (_object("Widget", "acme.io/v1", spec={"value": "${replicas}"}), ("spec", "value"), 3),
        (_object("ConfigMap", data="${labels}"), ("data",), {"team": "web"}),
        (_object("ConfigMap", data={"a": "${labels}"}), ("data", "a"), {"team": "web"}),
    ],
)
def test_a_number_or_boolean_is_text_where_kubernetes_takes_text_alone(
    document: dict[str, Any], path: tuple[str | int, ...], replaced: Any
):
    found: Any = Substitution(PARAMETERS).substitute(document)
    for step in path:
        found = found[step]

    assert found == replaced
    assert type(found) is type(replaced)


def test_names_of_fields_and_all_that_is_no_text_stay():
    body = {"${host}": [1, None, True, {"a": "${host}"}]}
    before = copy.deepcopy(body)

    assert Substitution(PARAMETERS).substitute(body) == {"${host}": [1, None, True, {"a": "example.com"}]}
    assert body == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${other}", "no such parameter has a value"),
        ("${labels.other}", "no such parameter has a value"),
        ("${hosts[1]}", "no such parameter has a value"),
        ("a ${labels}", "let it be the whole text"),
        ("a ${hosts}", "let it be the whole text"),
        ("${}", "is not a reference"),
        ("${ host }", "is not a reference"),
        ("${host:-default}", "is not a reference"),
        ("${#array[@]}", "is not a reference"),
        ("${host", "without }"),
        ("a ${", "without }"),
    ],
)
def test_what_is_no_reference_to_a_parameter_is_refused_with_its_place(text: str, says: str):
    with pytest.raises(InvalidReference) as refusal:
        Substitution(PARAMETERS).substitute({"spec": {"list": [0, text]}})

    assert str(refusal.value).startswith("spec.list[1] has ")
    assert says in str(refusal.value)


def test_what_is_put_in_shares_nothing_with_the_parameters():
    parameters = copy.deepcopy(PARAMETERS)

    first, second = Substitution(parameters).substitute(["${labels}", "${labels}"])
    first["team"] = "other"

    assert second == parameters["labels"] == {"team": "web"}


def test_what_is_put_in_is_bounded_over_all_documents():
    substitution = Substitution({"big": "x" * (MAX_RENDERED // 2)})
    substitution.substitute("${big}")
    substitution.substitute("${big}")

    with pytest.raises(InvalidReference, match="more of the documents"):
        substitution.substitute("${big}")


@given(st.text())
def test_any_text_can_be_written_with_escapes(text: str):
    assert Substitution({}).substitute(text.replace("${", "$${")) == text


@given(st.text(), st.text())
def test_what_is_put_in_is_not_looked_at_again(before: str, value: str):
    escaped = before.replace("${", "$${").rstrip("$")

    assert Substitution({"a": value}).substitute(f"-{escaped}${{a}}-") == f"-{before.rstrip('$')}{value}-"


@given(st.text())
def test_any_text_is_replaced_or_refused(text: str):
    try:
        Substitution(PARAMETERS).substitute(text)
    except InvalidReference as refusal:
        assert str(refusal).startswith("a document has ")


@pytest.mark.parametrize(
    "written",
    ["${tricky}", "a ${tricky} b", "${labels}", "$(#re${half}", "$(#ref.a) ${tricky}"],
)
def test_a_parameter_brings_nothing_in_that_means_something_to_the_next_reader(written: str):
    parameters = {"tricky": "$(#ref.hidden)", "labels": {"a": ["$(#ref.hidden)"]}, "half": "f.hidden)"}

    with pytest.raises(InvalidReference) as refused:
        Substitution(parameters).substitute({"a": [written]}, meant="$(#ref.")

    assert str(refused.value).startswith("a[0] has a parameter with $(#ref. in it")
    assert "hidden" not in str(refused.value)
    assert Substitution(parameters).substitute(written) is not None, "elsewhere it is text as any other"


@pytest.mark.parametrize(
    "written", ["$(#ref.name)", "$(#ref.components.${number}.displayName)", "${text} $(#ref.name)"]
)
def test_what_the_author_means_stays(written: str):
    found = Substitution({"number": 0, "text": "t $(x) #ref."}).substitute(written, meant="$(#ref.")

    assert found.count("$(#ref.") == 1


@pytest.mark.parametrize(
    ("written", "meant"), [("${replica}", "${replicas}"), ("${image.tga}", "${image.tag}"), ("${nothing}", "")]
)
def test_a_parameter_that_may_be_meant_is_told(written: str, meant: str):
    with pytest.raises(InvalidReference) as refused:
        Substitution({"replicas": 1, "image": {"tag": "a"}}).substitute({"a": written})

    assert (f"(did you mean {meant}?)" in str(refused.value)) == bool(meant)
    assert ("did you mean" in str(refused.value)) == bool(meant)
