import asyncio
import json
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.source.peer import ALICE, NAME, bearer, challenged, client, hang
from tests.source.tls import serving_https

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source.failure import message_of, refused, retry_after

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SIX_HOURS = timedelta(hours=6)


@pytest.mark.parametrize(
    ("status", "credential", "kind", "reason"),
    [
        (401, None, Stalled, Reason.AUTHENTICATION_REQUIRED),
        (401, ALICE, Stalled, Reason.AUTHENTICATION_FAILED),
        (403, None, Stalled, Reason.ACCESS_DENIED),
        (403, ALICE, Stalled, Reason.ACCESS_DENIED),
        (404, None, Stalled, Reason.ARTIFACT_NOT_FOUND),
        (418, None, Stalled, Reason.ARTIFACT_UNSUPPORTED),
        (429, None, Transient, Reason.REGISTRY_THROTTLED),
        (500, None, Transient, Reason.REGISTRY_UNAVAILABLE),
        (503, None, Transient, Reason.REGISTRY_UNAVAILABLE),
    ],
)
async def test_each_status_has_its_meaning(peer, http, status, credential, kind, reason):
    body = json.dumps({"errors": [{"code": "SOME_CODE", "message": "in the\nregistry's words"}]}).encode()
    peer.answer("GET", "/manifests/", status=status, body=body)

    with pytest.raises(kind) as failure:
        await client(peer, http, credential=credential).manifest("1.0")

    assert failure.value.reason is reason
    assert "SOME_CODE: in the registry's words" in failure.value.message
    assert "manifest 1.0" in failure.value.message


async def test_a_registry_that_echoes_the_password_does_not_get_it_into_the_message(peer, http):
    body = json.dumps({"errors": [{"code": "DENIED", "message": f"bad password {ALICE.password}"}]}).encode()
    peer.answer("GET", "/manifests/", status=403, body=body)

    with pytest.raises(Stalled) as refusal:
        await client(peer, http, credential=ALICE).manifest("1.0")

    assert ALICE.password not in refusal.value.diagnostics()
    assert "bad password ***" in refusal.value.message


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        pytest.param("120", timedelta(seconds=120), id="seconds"),
        pytest.param("Tue, 24 Nov 2026 12:00:30 GMT", timedelta(seconds=30), id="a date"),
        pytest.param("Tue, 24 Nov 2026 11:00:00 GMT", timedelta(), id="a date that has passed"),
        pytest.param("9999999999999", timedelta(hours=6), id="years"),
        pytest.param("soon", None, id="nonsense"),
        pytest.param("-5", None, id="negative"),
    ],
)
async def test_retry_after_is_honoured(peer, http, header, wanted):
    peer.answer("GET", "/manifests/", status=429, headers={"Retry-After": header})

    with pytest.raises(Transient) as failure:
        await client(peer, http, now=lambda: NOW).manifest("1.0")

    assert failure.value.retry_after == wanted


async def test_a_registry_that_does_not_answer_is_unavailable(peer, http):
    peer.on("GET", "/manifests/", hang)

    with pytest.raises(Transient) as failure:
        await client(peer, http, timeout=aiohttp.ClientTimeout(total=0.1)).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "in time" in failure.value.message


async def test_a_registry_that_is_not_there_is_unavailable(http, unused_tcp_port):
    with pytest.raises(Transient) as failure:
        await client(Repository(f"127.0.0.1:{unused_tcp_port}", NAME), http).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_plain_http_behind_https_says_how_to_go_on(peer, http):
    with pytest.raises(Stalled) as refusal:
        await client(peer, http, scheme="https").manifest("1.0")

    assert refusal.value.reason is Reason.TLS_FAILED
    assert "insecure" in refusal.value.message


# --- the words of a refusal -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [300, 304, 400, 401, 402, 403, 404, 405, 406, 408, 410, 418, 425, 429, 451, 500, 599]
)
@pytest.mark.parametrize("identified", [True, False])
def test_every_refusal_names_the_request_the_status_and_a_next_step(status, identified):
    error = refused(status, what="reg.example: GET manifest", headers={}, identified=identified, now=NOW)

    assert error.message.startswith("reg.example: GET manifest: ")
    assert str(status) in error.message
    assert isinstance(error, Transient) == (status >= 500 or status in (408, 425, 429))
    assert any(step in error.message for step in ("correct", "set source", "grant", "check", "asked again later"))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_every_failure_that_passes_may_say_when_to_ask_again(status):
    error = refused(status, what="x", headers={"Retry-After": "7"}, identified=False, now=NOW)

    assert error.retry_after == timedelta(seconds=7)


@given(body=st.binary() | st.text().map(str.encode))
def test_no_body_breaks_the_reader_of_messages(body):
    assert message_of(body).isprintable()


@pytest.mark.parametrize(
    ("errors", "wanted"),
    [
        pytest.param([{"code": "DENIED", "message": "no"}], "DENIED: no", id="code and message"),
        pytest.param([{"message": "no"}], "no", id="a message alone"),
        pytest.param([{"code": "A"}, {"code": "B"}, {"code": "C"}], "A; B", id="the first two"),
        pytest.param([{"code": "A", "message": "x" * 500}], "A: " + "x" * 237 + "...", id="cut where it is long"),
        pytest.param([{"code": "A", "message": "\x1b[31mred\nline"}], "A: [31mred line", id="nothing for terminals"),
        pytest.param([{"code": 1}], "", id="of another type"),
        pytest.param([], "", id="none"),
        pytest.param({"code": "A"}, "", id="of another shape"),
    ],
)
def test_the_registrys_own_words_are_quoted(errors, wanted):
    assert message_of(json.dumps({"errors": errors}).encode()) == wanted


def test_a_secret_that_is_part_of_another_hides_no_less_of_it():
    body = json.dumps({"errors": [{"message": "pass and pass-and-more"}]}).encode()

    assert message_of(body, secrets=("pass", "pass-and-more")) == "*** and ***"


async def test_a_registry_that_echoes_the_authorization_header_does_not_get_it_into_the_message(peer, http):
    echoed = ALICE.basic.partition(" ")[2]
    body = json.dumps({"errors": [{"code": "DENIED", "message": f"you sent {ALICE.basic}"}]}).encode()
    bearer(peer)
    peer.answer("GET", "^/token$", status=403, body=body)

    with pytest.raises(Stalled) as refusal:
        await client(peer, http, credential=ALICE).manifest("1.0")

    assert refusal.value.reason is Reason.ACCESS_DENIED
    assert "you sent Basic ***" in refusal.value.message
    assert echoed not in refusal.value.diagnostics()


async def test_a_registry_that_echoes_the_token_does_not_get_it_into_the_message(peer, http):
    bearer(peer)
    peer.answer("GET", "/manifests/", status=403, body=b'{"errors": [{"message": "bad t0ken"}]}')
    challenged(peer, f'Bearer realm="http://{peer.address}/token"', accepted="Bearer t0ken")

    with pytest.raises(Stalled) as refusal:
        await client(peer, http).manifest("1.0")

    assert "bad ***" in refusal.value.message


# --- when to ask again ----------------------------------------------------------------------------------------------


@given(value=st.text() | st.integers(0).map(str) | st.datetimes().map(lambda date: format_datetime(date)))
def test_no_retry_after_breaks_the_reader_or_asks_for_more_than_some_hours(value):
    pause = retry_after({"Retry-After": value}, now=NOW)

    assert pause is None or timedelta() <= pause <= timedelta(hours=6)


@given(seconds=st.integers(0, 6 * 3600))
def test_retry_after_as_seconds_and_as_a_date_mean_the_same(seconds):
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)

    assert retry_after({"Retry-After": str(seconds)}, now=NOW) == timedelta(seconds=seconds)
    assert retry_after({"Retry-After": date}, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("digits", "wanted"), [(4, SIX_HOURS), (5, None), (20, None), (5_000, None)])
def test_a_date_in_a_year_that_no_calendar_has_is_no_date(digits, wanted):
    assert retry_after({"Retry-After": f"Tue, 24 Nov {'9' * digits} 12:00:00 GMT"}, now=NOW) == wanted


# --- no answer at all -----------------------------------------------------------------------------------------------


async def serving_bytes(behave):
    """Listen and let ``behave`` talk; gives the repository there."""
    server = await asyncio.start_server(behave, "127.0.0.1", 0)
    return server, Repository(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", NAME)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_connection_that_ends_at_once_is_tried_again_later(http, scheme):
    async def end(_, writer):
        writer.close()

    server, repository = await serving_bytes(end)
    async with server:
        with pytest.raises(Transient) as failure:
            await client(repository, http, scheme=scheme).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_a_registry_that_ends_the_tls_handshake_is_tried_again_later(http):
    async def alert(reader, writer):
        await reader.read(1)
        writer.write(bytes([21, 3, 3, 0, 2, 2, 80]))  # RFC 8446 section 6: fatal, internal_error
        writer.close()

    server, repository = await serving_bytes(alert)
    async with server:
        with pytest.raises(Transient) as failure:
            await client(repository, http, scheme="https").manifest("1.0")

    assert failure.value.reason is Reason.TLS_FAILED
    assert "internal error" in failure.value.message


@pytest.mark.parametrize("ends", [timedelta(days=-1), timedelta(days=3)], ids=["expired", "not yet valid"])
async def test_a_certificate_out_of_its_time_is_tried_again_later(tmp_path, ends):
    async with serving_https(tmp_path, location="/", ends=ends) as (address, ca):
        context = ssl.create_default_context(cafile=ca)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http:
            with pytest.raises(Transient) as failure:
                await client(Repository(address, NAME), http, scheme="https").manifest("1.0")

    assert failure.value.reason is Reason.TLS_FAILED
    assert "must renew it" in failure.value.message


async def test_what_is_no_http_is_tried_again_later_and_its_url_is_not_told(http):
    async def babble(reader, writer):
        await reader.read(1)
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    server, repository = await serving_bytes(babble)
    async with server:
        with pytest.raises(Transient) as failure:
            await client(repository, http).ask("GET", "blobs/x?signature=of-the-store", what="blob")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "of-the-store" not in failure.value.diagnostics()


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"], ids=["a label too long", "an empty label"])
async def test_a_name_that_dns_does_not_know_is_unavailable(http, host):
    with pytest.raises(Transient) as failure:
        await client(Repository(host, NAME), http).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "cannot be reached" in failure.value.message
