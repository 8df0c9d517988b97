"""What of a spec decides what is applied, where the rules of the CRD let through what they should not."""

import pytest
from tests.reconcile.pattern import pattern

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.desired import reference, span


def test_a_source_that_is_no_reference_is_said_with_its_field():
    nowhere = pattern(spec={"source": {"url": "oci://nowhere", "ref": {"tag": "1"}}})

    with pytest.raises(Stalled, match=r"^spec\.source: ") as error:
        reference(nowhere)

    assert error.value.reason is Reason.INVALID_REFERENCE


def test_a_time_that_is_none_is_said_with_its_field():
    with pytest.raises(Stalled, match=r"^spec\.interval: ") as error:
        span("soon", field="interval")

    assert error.value.reason is Reason.INVALID_SPEC
