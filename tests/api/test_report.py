"""A rendering: what became of each component can be asked for, and no body gets into a log."""

from pattern_operator.api.object import Object
from pattern_operator.api.report import ComponentReport, Outcome, Rendering

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"password": "aHVudGVyMg=="}}


def report(name, outcome):
    return ComponentReport(id=name, name=name, kind="ConfigMap", outcome=outcome)


def test_components_are_given_by_their_outcome_in_their_order():
    a, b, c, d = (
        report(name, outcome) for name, outcome in zip("abcd", [Outcome.REFUSED, Outcome.RENDERED] * 2, strict=True)
    )
    rendering = Rendering(objects=(), components=(a, b, c, d))

    assert list(rendering.with_outcome(Outcome.REFUSED)) == [a, c]
    assert list(rendering.with_outcome(Outcome.RENDERED)) == [b, d]
    assert list(rendering.with_outcome(Outcome.SKIPPED)) == []


def test_the_body_of_an_object_is_not_in_its_representation():
    rendering = Rendering(objects=(Object.of(SECRET),))

    assert "aHVudGVyMg" not in f"{rendering!r} {rendering.objects[0]!r}"


def test_a_component_without_a_kind_or_a_name_is_called_one():
    assert ComponentReport("1", "web", "Pod", Outcome.REFUSED).display_name == "Pod web"
    assert ComponentReport("1", "", "", Outcome.REFUSED).display_name == "component 1"
    assert ComponentReport("", "", "", Outcome.REFUSED).display_name == "component without a name"
