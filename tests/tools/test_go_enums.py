"""Values are read of the Go source that Kubernetes makes of its types."""

import pytest
from tools.go_enums import enums, with_enums

SOURCE = """\
func schema_k8sio_api_core_v1_Thing(ref common.ReferenceCallback) common.OpenAPIDefinition {
	return common.OpenAPIDefinition{
		Schema: spec.Schema{
			SchemaProps: spec.SchemaProps{
				Properties: map[string]spec.Schema{
					"free": {
						SchemaProps: spec.SchemaProps{
							Type:        []string{"string"},
						},
					},
					"one": {
						SchemaProps: spec.SchemaProps{
							Type:        []string{"string"},
							Enum:        []interface{}{"A", "B"},
						},
					},
					"several": {
						SchemaProps: spec.SchemaProps{
							Type: []string{"array"},
							Items: &spec.SchemaOrArray{
								Schema: &spec.Schema{
									SchemaProps: spec.SchemaProps{
										Enum:    []interface{}{"C"},
									},
								},
							},
						},
					},
				},
			},
		},
	}
}
"""
TEXT = {"type": "string"}


def swagger(**fields):
    return {"definitions": {"io.k8s.api.core.v1.Thing": {"properties": fields}}}


def test_values_are_of_their_field():
    assert enums(SOURCE) == {"schema_k8sio_api_core_v1_Thing": {"one": ["A", "B"], "several": ["C"]}}


def test_values_of_a_list_are_of_its_entries():
    made = with_enums(swagger(free=TEXT, one=dict(TEXT), several={"type": "array", "items": dict(TEXT)}), SOURCE)

    assert made == swagger(
        free=TEXT, one=TEXT | {"enum": ["A", "B"]}, several={"type": "array", "items": TEXT | {"enum": ["C"]}}
    )


def test_values_of_a_field_that_is_not_there_are_told():
    with pytest.raises(ValueError, match=r"io.k8s.api.core.v1.Thing has no several"):
        with_enums(swagger(free=TEXT, one=dict(TEXT)), SOURCE)


def test_a_type_that_is_served_no_more_is_passed_over():
    assert with_enums({"definitions": {}}, SOURCE) == {"definitions": {}}
