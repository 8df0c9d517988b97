"""Field names, nulls and numbers of a configuration."""

import copy
from typing import Any

import pytest

from pattern_operator.render.fields import ConflictingField, FieldNormalizer, UnresolvedReference, without_nulls


@pytest.mark.parametrize(
    ("configuration", "cleaned", "sentences"),
    [
        pytest.param(
            {"spec": {"match Labels": {"app": "a"}}},
            {"spec": {"matchLabels": {"app": "a"}}},
            ["spec.match Labels read as matchLabels"],
            id="a spaced field",
        ),
        pytest.param(
            {"webhooks": [{"CA Bundle": "x"}]},
            {"webhooks": [{"caBundle": "x"}]},
            ["webhooks[0].CA Bundle read as caBundle"],
            id="the one field that is spelled otherwise",
        ),
        pytest.param(
            {"a": [{"b C": 1}, {"b C": 2}, {"b C": 3}]},
            {"a": [{"bC": 1}, {"bC": 2}, {"bC": 3}]},
            ["a[0].b C read as bC (and 2 more like it)"],
            id="a field that occurs often is told once",
        ),
        pytest.param(
            {"scale Target": {"api Version": "v1"}, "scaleTarget": {"apiVersion": "v1"}},
            {"scaleTarget": {"apiVersion": "v1"}},
            [
                "scale Target.api Version read as apiVersion",
                "scale Target read as scaleTarget",
                "scaleTarget read once: it is written twice, with and without spaces, the same",
            ],
            id="a field both spaced and unspaced",
        ),
        pytest.param(
            {"metadata": {"annotations": {"sidecar/rewrite App": "true"}}},
            {"metadata": {"annotations": {"sidecar/rewriteApp": "true"}}},
            ["metadata.annotations.sidecar/rewrite App read as sidecar/rewriteApp"],
            id="the key of a map",
        ),
        pytest.param(
            {"a": None, "b": {"c": None}}, {"b": {}}, ["a and 1 more left out: null"], id="null fields are left out"
        ),
        pytest.param(
            {"podSelector": {"matchLabels": {"app": None}}, "data": {"empty": None}},
            {"podSelector": {"matchLabels": {"app": None}}, "data": {"empty": None}},
            [],
            id="a null that someone chose the key of stays: without it the selector would match all",
        ),
        pytest.param({"a": [None, 1]}, {"a": [None, 1]}, [], id="a null in a list stays"),
        pytest.param({"a": 3.0, "b": 0.5}, {"a": 3, "b": 0.5}, [], id="whole numbers are integers"),
        pytest.param(
            {"spec": {"status": {"a": 1}}}, {"spec": {"status": {"a": 1}}}, [], id="status below the top stays"
        ),
        pytest.param({"a": "value with spaces"}, {"a": "value with spaces"}, [], id="values keep their spaces"),
    ],
)
def test_a_configuration_is_cleaned(configuration: Any, cleaned: Any, sentences: list[str]):
    before, normalizer = copy.deepcopy(configuration), FieldNormalizer()

    made = normalizer.normalize(configuration)

    assert made == cleaned
    assert [str(each) for each in normalizer.repairs()] == sentences
    assert configuration == before


def test_a_field_written_twice_with_different_content_is_a_conflict():
    with pytest.raises(ConflictingField, match=r"spec\.matchLabels"):
        FieldNormalizer().normalize({"spec": {"match Labels": {"app": "a"}, "matchLabels": {"app": "b"}}})


def test_a_reference_into_the_design_is_not_guessed():
    with pytest.raises(UnresolvedReference, match=r"spec\.host"):
        FieldNormalizer().normalize({"spec": {"host": "$(#ref.db.spec.host)"}})


def test_a_dollar_of_kubernetes_is_not_a_reference():
    assert FieldNormalizer().normalize({"args": ["--host=$(HOST)"]}) == {"args": ["--host=$(HOST)"]}


def test_of_very_many_spaced_fields_some_are_named_and_the_rest_counted():
    normalizer = FieldNormalizer()
    normalizer.normalize({f"field Number{number}": 1 for number in range(30)})

    sentences = [str(each) for each in normalizer.repairs()]

    assert len(sentences) == 11
    assert sentences[-1] == "spaces taken out of 20 more field names"


def test_a_plain_manifest_keeps_its_names():
    manifest = {"match Labels": {"app": None}, "a": None, "selector": {"app": None}, "n": 2.0}

    assert without_nulls(manifest) == {"match Labels": {}, "selector": {"app": None}, "n": 2}
