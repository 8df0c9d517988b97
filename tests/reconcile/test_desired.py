"""What of a spec decides what is applied, where the rules of the CRD let through what they should not."""

import pytest
from tests.reconcile.pattern import REVISION, pattern

from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.desired import desired_state, options, reference, span


def test_a_source_that_is_no_reference_is_said_with_its_field():
    nowhere = pattern(spec={"source": {"url": "oci://nowhere", "ref": {"tag": "1"}}})

    with pytest.raises(Stalled, match=r"^spec\.source: ") as error:
        reference(nowhere)

    assert error.value.reason is Reason.INVALID_REFERENCE


def test_a_tag_that_is_written_as_a_version_is_the_tag_of_it():
    assert (
        reference(pattern(spec={"source": {"url": "oci://r.example/web", "ref": {"tag": "1.2.3+b"}}})).tag == "1.2.3_b"
    )


def test_a_time_that_is_none_is_said_with_its_field():
    with pytest.raises(Stalled, match=r"^spec\.interval: ") as error:
        span("soon", field="interval")

    assert error.value.reason is Reason.INVALID_SPEC


def test_where_a_value_is_read_as_set_reads_it_a_number_stays_whole_for_helm():
    values = [
        {"kind": "ConfigMap", "name": "db", "targetPath": "db.ports[0]"},
        {"kind": "ConfigMap", "name": "db"},
        {"kind": "ConfigMap", "name": "c", "targetPath": "a..b"},
        {"kind": "ConfigMap", "name": "c", "targetPath": "n"},
        {"kind": "Secret", "name": "s", "targetPath": "db.password"},
        {"kind": "Secret", "name": "s", "targetPath": "m"},
    ]
    asked = pattern(spec={"render": {"valuesFrom": values}})

    found = options(asked, desired_state(asked, REVISION, VerificationPolicy()))

    assert found.whole_numbers == (("db", "ports", 0), ("n",))


@pytest.mark.parametrize("optional", [False, True])
def test_what_lies_over_a_secret_is_a_whole_number_unless_it_may_be_missing(optional: bool):
    """A Secret for all parameters, of which one is given by a ConfigMap, too."""
    entry = {"kind": "ConfigMap", "name": "c", "targetPath": "db.port", "optional": optional}
    asked = pattern(spec={"render": {"valuesFrom": [{"kind": "Secret", "name": "s"}, entry]}})

    found = options(asked, desired_state(asked, REVISION, VerificationPolicy()))

    assert found.whole_numbers == (() if optional else (("db", "port"),))


@pytest.mark.parametrize(
    "target", [None, "db", "db.pin", "db.pin.of[0]", "a..b"], ids=["all", "what holds it", "it", "a part", "no path"]
)
def test_what_a_secret_may_have_given_is_no_whole_number_for_the_command_line(target: str | None):
    secret = {"kind": "Secret", "name": "s"} | ({"targetPath": target} if target else {})
    values = [{"kind": "ConfigMap", "name": "c", "targetPath": "db.pin"}, secret]
    asked = pattern(spec={"render": {"valuesFrom": values}})

    assert options(asked, desired_state(asked, REVISION, VerificationPolicy())).whole_numbers == ()


def test_the_paths_that_values_are_for_are_told():
    values = [
        {"kind": "Secret", "name": "s"},
        {"kind": "Secret", "name": "s", "targetPath": "db.ports[0]"},
        {"kind": "ConfigMap", "name": "c", "targetPath": "n"},
    ]
    asked = pattern(spec={"render": {"valuesFrom": values}})

    found = options(asked, desired_state(asked, REVISION, VerificationPolicy()))

    assert found.target_paths == (("db", "ports", 0), ("n",))


@pytest.mark.parametrize("skips", [True, False])
def test_a_spec_says_whether_values_are_held_against_the_schema_of_a_chart(skips: bool):
    asked = pattern(spec={"render": {"skipSchemaValidation": skips}})

    assert options(asked, desired_state(asked, REVISION, VerificationPolicy())).skip_schema_validation is skips
