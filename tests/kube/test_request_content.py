"""Which answers may quote an object of others, and which speak only of what was sent."""

import orjson
import pytest

from pattern_operator.kube import NO_VERSION
from pattern_operator.kube.request_content import RequestContent


@pytest.mark.parametrize(
    ("metadata", "is_whole"),
    [
        pytest.param({}, True, id="sent to be made"),
        pytest.param({"resourceVersion": NO_VERSION}, True, id="sent to be made, or refused"),
        pytest.param({"resourceVersion": "12"}, False, id="sent for a state of an object"),
        pytest.param({"uid": "a"}, False, id="sent for an object"),
        pytest.param({"uid": "a", "resourceVersion": NO_VERSION}, False, id="sent for an object that cannot be"),
    ],
)
def test_what_is_sent_to_be_made_is_all_that_a_refusal_can_quote(metadata: dict[str, str], is_whole: bool):
    body = orjson.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **metadata}})

    assert RequestContent(body).is_whole is is_whole
