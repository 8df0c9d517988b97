import errno
import os
import ssl
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.kube import ApiError, ApiUnavailable, KindNotFound, StatusCause
from pattern_operator.kube.decode import read_object
from pattern_operator.kube.errors import AnswerTooLarge, from_response, is_unreadable_entry
from pattern_operator.limits import MAX_STATUS_MESSAGE


def status(**fields: Any) -> bytes:
    return orjson.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure"} | fields)


def answered(code: int, body: bytes = b"", retry_after: str | None = None) -> ApiError:
    return from_response(code=code, retry_after=retry_after, body=body)


def test_a_refusal_keeps_who_holds_which_field():
    causes = [{"field": ".data.a", "reason": "FieldManagerConflict", "message": 'conflict with "kubectl"'}]

    error = answered(409, status(code=409, reason="Conflict", message="conflict!", details={"causes": causes}))

    assert (error.code, error.reason, error.message) == (409, "Conflict", "conflict!")
    assert error.causes == (StatusCause(".data.a", "FieldManagerConflict", 'conflict with "kubectl"'),)
    assert str(error) == "conflict! (409 Conflict)"


@pytest.mark.parametrize(
    ("code", "reason", "may_work_later"),
    [
        (400, "BadRequest", False),
        (401, "Unauthorized", False),
        (403, "Forbidden", False),
        (404, "NotFound", False),
        (405, "MethodNotAllowed", False),
        (406, "NotAcceptable", False),
        (409, "Conflict", False),
        (410, "Gone", False),
        (413, "RequestEntityTooLarge", False),
        (418, "Unknown", False),
        (422, "Invalid", False),
        (429, "TooManyRequests", True),
        (500, "InternalError", True),
        (502, "Unknown", True),
        (503, "ServiceUnavailable", True),
        (504, "Timeout", True),
    ],
)
def test_an_answer_that_is_not_a_status_has_the_reason_of_its_code(code: int, reason: str, may_work_later: bool):
    error = from_response(
        code=code, retry_after=None, body=b"<html>a proxy</html>", content_type="text/html; charset=x"
    )

    assert (error.code, error.reason) == (code, reason)
    assert error.message == f"the API server answered {code} with a body that is not a Status (HTML)"
    assert isinstance(error, ApiUnavailable) is may_work_later


def test_a_path_that_the_server_does_not_have_is_called_that():
    error = from_response(code=404, retry_after=None, body=b"404 page not found\n", content_type="text/plain")

    assert error.reason == "NotFound"
    assert error.message == (
        "the API server answered 404 with no such path: where a CRD defines the kind, its status.conditions say why it"
        " is not served"
    )


def test_any_other_text_is_not_called_that():
    error = from_response(code=404, retry_after=None, body=b"hunter2 404 page not found", content_type="text/plain")

    assert error.message == "the API server answered 404 with a body that is not a Status (text)"


@pytest.mark.parametrize("message", [None, "", 5, ["hunter2"], {"a": "hunter2"}])
def test_a_status_without_words_is_called_by_its_reason(message: object):
    assert answered(404, status(message=message)).message == "NotFound"


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'{"kind": "Pod", "data": "hunter2"}', b"hunter2", b"{", b"\xff"]
)
def test_a_body_that_was_not_understood_is_never_shown(body: bytes):
    error = from_response(code=403, retry_after=None, body=body, content_type="hunter2/hunter2")

    assert error.message.startswith("the API server answered 403 with ")
    assert "hunter2" not in str(error)


def test_a_refusal_that_was_not_read_whole_says_so():
    error = from_response(code=422, retry_after=None, body=None)

    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message == "the API server answered 422 with a body that could not be read whole"


@pytest.mark.parametrize(
    "words",
    ["etcdserver: request is too large", "rpc error: trying to send message larger than max (2097153 vs. 2097152)"],
)
def test_an_object_that_etcd_does_not_take_is_not_a_fault_that_passes(words: str):
    error = answered(500, status(code=500, reason="InternalError", message=words))

    assert (error.code, error.reason, type(error)) == (413, "RequestEntityTooLarge", ApiError)


@pytest.mark.parametrize(
    ("header", "details", "seconds"),
    [
        pytest.param("7", {}, 7, id="the header"),
        pytest.param(None, {"retryAfterSeconds": 5}, 5, id="the details"),
        pytest.param("7", {"retryAfterSeconds": 5}, 7, id="the header counts for more"),
        pytest.param("Wed, 21 Oct 2026 07:28:00 GMT", {}, None, id="a date"),
        pytest.param("-1", {}, None, id="a time that is over"),
        pytest.param("9" * 30, {}, None, id="a time without end"),
        pytest.param("1000000000", {}, None, id="a time that is beyond every wait"),
        pytest.param("0", {}, None, id="at once"),
        pytest.param(None, {"retryAfterSeconds": "soon"}, None, id="a word"),
        pytest.param(None, [], None, id="details of another shape"),
    ],
)
def test_how_long_the_server_asks_to_wait(header: str | None, details: Any, seconds: int | None):
    error = answered(429, status(details=details), retry_after=header)

    assert error.retry_after == (timedelta(seconds=seconds) if seconds else None)


def test_a_manifest_that_the_schema_refuses_is_invalid_and_its_values_are_not_repeated():
    words = (
        "failed to create typed patch object (default/s; /v1, Kind=Secret): .stringData.password: expected string, got"
        ' &value.valueUnstructured{Value:map[string]interface {}{"x":"hunter2"}}'
    )

    error = answered(500, status(code=500, reason="InternalError", message=words))

    assert (error.code, error.reason) == (422, "Invalid")
    assert not isinstance(error, ApiUnavailable)
    assert ".stringData.password: expected string, got another type" in error.message
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    "words",
    [
        ".spec.accessPolicy: field not declared in schema",
        "request to convert CR to an invalid group/version: x.io/v1beta1",
        "failed to prune fields: failed to convert it: request to convert CR to an invalid group/version: x.io/v1",
    ],
)
def test_an_entry_of_managed_fields_that_cannot_be_read_is_told_from_a_wrong_manifest_and_not_asked_again(words: str):
    error = answered(500, status(code=500, reason="InternalError", message=words))

    assert is_unreadable_entry(error)
    assert (error.code, error.reason, isinstance(error, ApiUnavailable)) == (422, "Invalid", False)


@pytest.mark.parametrize(
    "words",
    [
        "failed to create typed patch object (a/b; x.io/v1, Kind=Server): .spec.prot: field not declared in schema",
        "request to convert CR from an invalid group/version: x.io/v1beta1",
        "the server is currently unable to handle the request",
    ],
)
def test_what_else_is_refused_says_nothing_of_managed_fields(words: str):
    assert not is_unreadable_entry(answered(500, status(code=500, reason="InternalError", message=words)))


def test_a_message_without_end_is_cut():
    assert len(answered(500, status(message="word " * 100_000)).message.encode()) <= MAX_STATUS_MESSAGE
    causes = [{"reason": "FieldValueRequired", "field": f"spec.f{n}", "message": "Required value"} for n in range(5000)]
    assert len(answered(422, status(message="x", details={"causes": causes})).message.encode()) <= MAX_STATUS_MESSAGE


def test_the_error_of_a_watch_is_read_from_its_event():
    expired = ApiError.from_status({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
    nameless = ApiError.from_status({"kind": "Status"})

    assert (expired.code, expired.reason) == (410, "Expired")
    assert (nameless.code, isinstance(nameless, ApiUnavailable)) == (500, True)


def test_who_does_not_answer_is_named_with_the_cause():
    silent = ApiUnavailable.unreachable("https://a.example", error=TimeoutError())
    refused = ApiUnavailable.unreachable("https://a.example", error=OSError("connection refused"))
    wordless = ApiUnavailable.unreachable("https://a.example", error=ConnectionResetError())

    assert str(silent) == "the API server at https://a.example did not answer in time (Timeout)"
    assert str(refused) == "the API server at https://a.example cannot be reached: connection refused (Unreachable)"
    assert "the connection broke" in str(wordless)


def test_a_missing_kind_says_what_to_do():
    missing = KindNotFound(group="example.com", version="v1", kind="Widget")
    other = KindNotFound(group="example.com", version="v2", kind="Widget", served=("example.com/v1",))
    gone = KindNotFound(group="settings.k8s.io", version="v1alpha1", kind="PodPreset")
    core = KindNotFound(group="", version="v1", kind="Widget")

    assert str(missing) == "the API server has no kind Widget.example.com: install the CRD that defines it"
    assert str(other) == "the API server serves Widget.example.com as example.com/v1, not as v2"
    assert str(gone).startswith("PodPreset of settings.k8s.io/v1alpha1 was removed from Kubernetes in 1.20")
    assert str(core).startswith("the API server has no kind Widget: no CRD can bring it")


@pytest.mark.parametrize("answer", [b"", b"<html>please log in</html>", b"[]", b'"x"', b"{", b"\xff"])
async def test_what_is_not_a_json_object_did_not_come_from_an_api_server(answer: bytes):
    with pytest.raises(ApiUnavailable, match="not an API server") as refusal:
        await read_object(answer)

    assert (refusal.value.code, refusal.value.reason) == (0, "Unreadable")
    assert "log in" not in str(refusal.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["reason", "message", "details", "causes", "code"]), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(
    code=st.integers(300, 599),
    fields=st.dictionaries(st.sampled_from(["reason", "message", "details", "code"]), _JSON),
    retry_after=st.none() | st.text(max_size=12),
)
def test_any_status_is_an_error(code: int, fields: dict[str, Any], retry_after: str | None):
    error = answered(code, status(**fields), retry_after=retry_after)

    assert str(error)
    assert error.reason


@given(st.binary(), st.integers(300, 599))
def test_any_body_is_an_error(body: bytes, code: int):
    assert answered(code, body).code in (code, 422)


@pytest.mark.parametrize("causes", [5, "x", {"field": "a"}, None], ids=repr)
def test_causes_that_are_not_a_list_are_none(causes: object):
    assert ApiError.from_status({"kind": "Status", "code": 422, "details": {"causes": causes}}).causes == ()


def test_of_the_causes_those_that_are_not_objects_are_left_out_and_the_others_stay():
    cause = {"reason": "FieldValueRequired", "field": "spec.replicas", "message": "Required value"}
    error = ApiError.from_status({"kind": "Status", "code": 422, "details": {"causes": [5, cause, None, "x", [cause]]}})

    assert [each.field for each in error.causes] == ["spec.replicas"]


HOST = ConnectionKey("a.example", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)


def distrusted(words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.verify_message = words
    return error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            aiohttp.ClientConnectorCertificateError(HOST, distrusted("certificate has expired")),
            "its certificate is refused (certificate has expired)",
        ),
        (aiohttp.ClientConnectorCertificateError(HOST, distrusted("")), "its certificate is refused ("),
        (aiohttp.ClientConnectorDNSError(HOST, OSError("x")), "its name cannot be looked up"),
        (aiohttp.ClientConnectorError(HOST, OSError(errno.ECONNREFUSED, "no")), os.strerror(errno.ECONNREFUSED)),
        (aiohttp.ClientPayloadError("tulipwood"), "the connection broke"),
    ],
)
def test_why_no_answer_came_is_said_in_the_words_of_the_system(error: Exception, says: str):
    found = ApiUnavailable.unreachable("https://a.example", error=error)

    assert found.message.startswith(f"the API server at https://a.example cannot be reached: {says}")
    assert (found.code, found.reason) == (0, "Unreachable")
    assert "tulipwood" not in str(found)


def test_an_answer_that_is_too_large_says_how_much_is_read():
    error = AnswerTooLarge(32 << 20)

    assert str(error) == "the API server's answer is longer than the 32 MiB that are read (AnswerTooLarge)"
    assert error.args == (error.message,)


@pytest.mark.parametrize(("code", "read"), [(399, 500), (400, 400), (599, 599), (600, 500), (None, 500), ("410", 500)])
def test_a_status_of_a_watch_whose_code_is_none_of_an_error_is_a_fault_of_the_server(code: object, read: int):
    assert ApiError.from_status({"kind": "Status", "code": code, "message": "x"}).code == read


@pytest.mark.parametrize(
    ("message", "causes", "is_terminating"),
    [
        pytest.param("it is being terminated", ["NamespaceTerminating"], True, id="the server says so"),
        pytest.param("no", ["FieldValueInvalid", "NamespaceTerminating"], True, id="among others"),
        pytest.param("no", ["FieldValueInvalid"], False, id="it says another thing"),
        pytest.param("no", [], False, id="it says nothing"),
        pytest.param('admission webhook "w" denied the request: no', ["NamespaceTerminating"], False, id="a webhook"),
    ],
)
def test_that_a_namespace_goes_is_what_the_server_itself_says(message: str, causes: list[str], is_terminating: bool):
    told = tuple(StatusCause(field="", message="", reason=each) for each in causes)

    error = ApiError(code=403, reason="Forbidden", message=message, causes=told)

    assert error.is_namespace_terminating is is_terminating


def test_a_kind_that_is_not_there_is_named_wherever_the_error_is_shown():
    error = KindNotFound(group="example.com", version="v1", kind="Widget")

    assert str(error).startswith("the API server has no kind Widget.example.com")
    assert error.args == ("the API server has no kind Widget.example.com",)
