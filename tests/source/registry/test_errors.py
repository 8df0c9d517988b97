import asyncio
import base64
import errno
import json
import os
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.source.fake_registry import ALICE, NAME, bearer, challenged, client, hang
from tests.source.tls import serving_https

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source import DnsResolver, Network
from pattern_operator.source.registry.connection_errors import from_connection_error
from pattern_operator.source.registry.error_body import error_codes, error_text
from pattern_operator.source.registry.errors import digest_mismatch, from_redirect_status, from_status, retry_after
from pattern_operator.source.registry.timeouts import Timeouts

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
async def test_each_status_has_its_meaning(fake_registry, network, status, credential, kind, reason):
    body = json.dumps({"errors": [{"code": "DENIED", "message": "in the\nregistry's words"}]}).encode()
    fake_registry.answer("GET", "/manifests/", status=status, body=body)

    with pytest.raises(kind) as failure:
        await client(fake_registry, network, credential=credential).manifest("1.0")

    assert failure.value.reason is reason
    assert ("(DENIED)" if credential else "(DENIED: in the registry's words)") in failure.value.message
    assert "manifest 1.0" in failure.value.message


def test_what_another_host_sent_in_the_place_of_a_digest_is_not_named():
    wanted, found = Digest.of(b"wanted"), Digest.of(b"found")

    own, foreign = (digest_mismatch("a blob", wanted=wanted, found=each).message for each in (found, None))

    assert own.startswith(f"a blob: the registry sent {found} where {wanted} was named: ")
    assert foreign.startswith("a blob: the registry sent other content where a digest was named: ")


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
async def test_retry_after_is_honoured(fake_registry, network, header, wanted):
    fake_registry.answer("GET", "/manifests/", status=429, headers={"Retry-After": header})

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network, now=lambda: NOW).manifest("1.0")

    assert failure.value.retry_after == wanted


async def test_a_registry_that_does_not_answer_is_unavailable(fake_registry, network):
    fake_registry.on("GET", "/manifests/", hang)

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network, timeouts=Timeouts(headers=0.1)).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert f"{fake_registry.address} did not answer within" in failure.value.message


async def test_a_registry_that_is_not_there_is_unavailable(network, unused_tcp_port):
    with pytest.raises(Transient) as failure:
        await client(Repository(f"127.0.0.1:{unused_tcp_port}", NAME), network).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_plain_http_behind_https_says_how_to_go_on(fake_registry, network):
    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, scheme="https").manifest("1.0")

    assert refusal.value.reason is Reason.TLS_FAILED
    assert "insecure" in refusal.value.message


# --- the words of a refusal -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [300, 304, 400, 401, 402, 403, 404, 405, 406, 408, 410, 418, 425, 429, 451, 500, 599]
)
@pytest.mark.parametrize("identified", [True, False])
def test_every_refusal_names_the_request_the_status_and_a_next_step(status, identified):
    error = from_status(status, context="reg.example: GET manifest", headers={}, identified=identified, now=NOW)

    assert error.message.startswith("reg.example: GET manifest: ")
    assert str(status) in error.message
    assert isinstance(error, Transient) == (status >= 500 or status in (408, 425, 429))
    steps = ("correct", "set source", "grant", "check", "retried later")
    assert any(step in error.message for step in steps), f"no next step, which begins with one of {steps}"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_every_failure_that_passes_may_say_when_to_ask_again(status):
    error = from_status(status, context="x", headers={"Retry-After": "7"}, identified=False, now=NOW)

    assert isinstance(error, Transient)
    assert error.retry_after == timedelta(seconds=7)


@given(body=st.binary() | st.text().map(str.encode))
def test_no_body_breaks_the_reader_of_messages(body):
    assert error_text(body).isprintable()
    assert error_codes(body).isprintable()


JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


@pytest.mark.parametrize(
    ("errors", "words", "codes"),
    [
        pytest.param([{"code": "DENIED", "message": "no"}], "DENIED: no", "DENIED", id="code and message"),
        pytest.param([{"code": "denied", "message": "no"}], "DENIED: no", "DENIED", id="in small letters"),
        pytest.param([{"message": "no"}], "no", "", id="a message alone"),
        pytest.param([{"code": "s3cret-of-alice"}], "", "", id="a code that is none"),
        pytest.param(
            [{"code": "DENIED"}, {"code": "UNKNOWN"}, {"code": "NAME_INVALID"}],
            "DENIED; UNKNOWN",
            "DENIED; UNKNOWN",
            id="the first two",
        ),
        pytest.param([{"message": "no " * 200}], ("no " * 200)[:117] + "\u2026", "", id="cut where it is long"),
        pytest.param([{"message": "\x1b[31mred\nline\u202eback"}], "[31mred line back", "", id="nothing for terminals"),
        pytest.param([{"message": f"your {JWT} is bad"}], "your *** is bad", "", id="a token"),
        pytest.param([{"message": "your password: hunter2 is bad"}], "your password *** is bad", "", id="a password"),
        pytest.param([{"message": "Authorization=Basic YTpi"}], "Authorization *** YTpi", "", id="a header"),
        pytest.param([{"code": 1}], "", "", id="of another type"),
        pytest.param([], "", "", id="none"),
        pytest.param({"code": "A"}, "", "", id="of another shape"),
    ],
)
def test_of_a_registrys_own_words_codes_and_a_few_harmless_words_are_quoted(errors, words, codes):
    body = json.dumps({"errors": errors}).encode()

    assert (error_text(body), error_codes(body)) == (words, codes)


@pytest.mark.parametrize(
    "echo",
    [
        pytest.param(lambda secret: f"bad password {secret}", id="as it is"),
        pytest.param(lambda secret: f"reversed {secret[::-1]}", id="reversed"),
        pytest.param(lambda secret: base64.b64encode(secret.encode()).decode(), id="encoded"),
        pytest.param(lambda secret: " ".join(secret), id="with spaces"),
        pytest.param(lambda secret: quote(secret, safe="").replace("-", "%2D"), id="percent-encoded"),
    ],
)
async def test_of_a_registry_that_knows_the_password_only_codes_are_quoted(fake_registry, network, echo):
    said = echo(ALICE.password)
    challenged(fake_registry, 'Basic realm="x"', accepted=ALICE.basic)
    body = json.dumps({"errors": [{"code": "DENIED", "message": said}, {"code": said}]}).encode()
    fake_registry.answer("GET", "/manifests/", status=403, body=body)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=ALICE).manifest("1.0")

    assert "(403) (DENIED)" in refusal.value.message
    assert said not in refusal.value.diagnostics()


async def test_of_a_registry_that_knows_a_token_only_codes_are_quoted(fake_registry, network):
    fake_registry.answer(
        "GET", "/manifests/", status=403, body=b'{"errors": [{"code": "DENIED", "message": "bad t0ken"}]}'
    )
    bearer(fake_registry)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).manifest("1.0")

    assert "(DENIED)" in refusal.value.message
    assert "t0ken" not in refusal.value.message


async def test_of_what_a_token_service_says_nothing_is_quoted(fake_registry, network):
    bearer(fake_registry)
    said = json.dumps({"errors": [{"code": "DENIED", "message": f"you sent {ALICE.basic}"}]}).encode()
    fake_registry.answer("GET", "^/token$", status=403, body=said)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=ALICE).manifest("1.0")

    assert refusal.value.reason is Reason.ACCESS_DENIED
    assert "you sent" not in refusal.value.diagnostics()
    assert "DENIED" not in refusal.value.message


# --- when to ask again ----------------------------------------------------------------------------------------------


@given(value=st.text() | st.integers(0).map(str) | st.datetimes().map(lambda date: format_datetime(date)))
def test_no_retry_after_breaks_the_reader_or_asks_for_more_than_some_hours(value):
    pause = retry_after({"Retry-After": value}, now=NOW)

    assert pause is None or timedelta() <= pause <= timedelta(hours=6)


def test_of_very_many_digits_the_first_are_read_and_a_limit_holds():
    assert retry_after({"Retry-After": "0000000001"}, now=NOW) == timedelta()
    assert retry_after({"Retry-After": "9" * 40}, now=NOW) == retry_after({"Retry-After": "9" * 9}, now=NOW)


@given(seconds=st.integers(0, 6 * 3600))
def test_retry_after_as_seconds_and_as_a_date_mean_the_same(seconds):
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)

    assert retry_after({"Retry-After": str(seconds)}, now=NOW) == timedelta(seconds=seconds)
    assert retry_after({"Retry-After": date}, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("digits", "wanted"), [(4, SIX_HOURS), (5, None), (20, None), (5_000, None)])
def test_a_date_in_a_year_that_no_calendar_has_is_not_a_date(digits, wanted):
    assert retry_after({"Retry-After": f"Tue, 24 Nov {'9' * digits} 12:00:00 GMT"}, now=NOW) == wanted


# --- no answer at all -----------------------------------------------------------------------------------------------


async def serving_bytes(behave):
    """Listen and let ``behave`` talk; gives the repository there."""
    server = await asyncio.start_server(behave, "127.0.0.1", 0)
    return server, Repository(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", NAME)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_connection_that_ends_at_once_is_tried_again_later(network, scheme):
    async def end(_, writer):
        writer.close()

    server, repository = await serving_bytes(end)
    async with server:
        with pytest.raises(Transient) as failure:
            await client(repository, network, scheme=scheme).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_a_registry_that_ends_the_tls_handshake_is_tried_again_later(network):
    async def alert(reader, writer):
        await reader.read(1)
        writer.write(bytes([21, 3, 3, 0, 2, 2, 80]))  # RFC 8446 section 6: fatal, internal_error
        writer.close()

    server, repository = await serving_bytes(alert)
    async with server:
        with pytest.raises(Transient) as failure:
            await client(repository, network, scheme="https").manifest("1.0")

    assert failure.value.reason is Reason.TLS_FAILED
    assert "internal error" in failure.value.message


@pytest.mark.parametrize("ends", [timedelta(days=-1), timedelta(days=3)], ids=["expired", "not yet valid"])
async def test_a_certificate_out_of_its_time_is_tried_again_later(tmp_path, ends):
    async with serving_https(tmp_path, location="/", ends=ends) as (address, ca):
        context = ssl.create_default_context(cafile=ca)
        async with Network.open(resolver=DnsResolver(), trust=context) as network:
            with pytest.raises(Transient) as failure:
                await client(Repository(address, NAME), network, scheme="https").manifest("1.0")

    assert failure.value.reason is Reason.TLS_FAILED
    assert "must renew it" in failure.value.message


async def test_what_is_not_http_is_tried_again_later_and_its_url_is_not_told(network):
    async def babble(reader, writer):
        await reader.read(1)
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    server, repository = await serving_bytes(babble)
    async with server:
        with pytest.raises(Transient) as failure:
            await client(repository, network).request("GET", "blobs/x?signature=of-the-store", context="blob")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "of-the-store" not in failure.value.diagnostics()


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"], ids=["a label too long", "an empty label"])
async def test_a_name_that_dns_does_not_know_is_unavailable(network, host):
    with pytest.raises(Transient) as failure:
        await client(Repository(host, NAME), network).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "cannot be reached" in failure.value.message


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL])
@pytest.mark.parametrize("wrapped", [True, False], ids=["as aiohttp tells it", "as it is"])
def test_what_this_host_lacks_is_not_said_of_the_registry(code: int, wrapped: bool):
    own, key = OSError(code, "words"), cast("Any", None)
    error = aiohttp.ClientConnectorError(key, own) if wrapped else own

    failure = from_connection_error(error, context="tag 1")

    assert isinstance(failure, Transient)
    assert failure.reason is Reason.OPERATOR_BUSY
    assert "the registry was not asked" in failure.message
    assert os.strerror(code) in failure.message


@pytest.mark.parametrize("code", [errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH])
def test_what_the_registry_lacks_is_said_of_it(code: int):
    key = cast("Any", None)

    failure = from_connection_error(aiohttp.ClientConnectorError(key, OSError(code, "words")), context="tag 1")

    assert failure.reason is Reason.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aiohttp.ServerDisconnectedError(), "the other side closed it before it answered"),
        (aiohttp.ClientPayloadError("x"), "the answer ended early"),
        (ConnectionResetError(104, "Connection reset by peer"), "reset"),
        (aiohttp.ClientError("secret"), "for an unknown reason"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_how_a_connection_broke_is_said_in_words_and_not_by_the_name_of_a_type(error: Exception, words: str):
    message = from_connection_error(error, context="manifest 1.0").message

    assert "the connection broke (" in message
    assert words in message.lower()
    assert type(error).__name__ not in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("status", "reason", "waits"),
    [
        (429, Reason.REGISTRY_THROTTLED, True),
        (500, Reason.REGISTRY_UNAVAILABLE, True),
        (499, Reason.REGISTRY_UNAVAILABLE, False),
    ],
)
def test_another_host_that_the_registry_sent_us_to_may_say_when_to_ask_again(status: int, reason: Reason, waits: bool):
    now = datetime(2026, 5, 1, tzinfo=UTC)
    error = from_redirect_status(status, context="a pull", host="cdn.example", headers={"Retry-After": "60"}, now=now)

    assert error.reason is reason
    assert (error.retry_after == timedelta(seconds=60)) is waits


@pytest.mark.parametrize(
    ("identified", "says", "not_said"),
    [
        (False, "set source.secretRef to a docker config with an entry for it, or correct source.url", "expired"),
        (True, "or renew the Secret of source.secretRef, because some registries say this of credentials that", "set "),
    ],
)
def test_a_403_asks_for_what_may_end_it(identified, says, not_said):
    error = from_status(403, context="GET manifest", headers={}, identified=identified, now=NOW)

    assert error.reason is Reason.ACCESS_DENIED
    assert says in error.message
    assert "some" in error.message
    assert "missing repositories" in error.message
    assert not_said not in error.message


@pytest.mark.parametrize("identified", [True, False])
async def test_a_403_of_a_token_service_asks_for_the_same(fake_registry, network, identified):
    bearer(fake_registry)
    fake_registry.answer("GET", "^/token$", status=403)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=ALICE if identified else None).manifest("1.0")

    assert refusal.value.reason is Reason.ACCESS_DENIED
    assert ("expired" if identified else "set source.secretRef") in refusal.value.message


async def test_a_certificate_that_nobody_vouches_for_is_refused_in_the_words_of_openssl(tmp_path, network):
    async with serving_https(tmp_path, location="/") as (address, _):
        with pytest.raises(
            Stalled, match="the registry's certificate was refused \\(self-signed certificate"
        ) as refusal:
            await client(Repository(address, NAME), network, scheme="https").manifest("1.0")

    assert refusal.value.reason is Reason.TLS_FAILED


@pytest.mark.parametrize("error", [UnicodeError("label too long"), aiohttp.InvalidURL("https://tulipwood")])
def test_a_name_that_cannot_be_one_of_dns_is_said_and_not_repeated(error):
    found = from_connection_error(error, context="a pull")

    assert isinstance(found, Transient)
    assert found.message == ("a pull: it cannot be reached (its name does not exist in DNS); it is retried later.")


@pytest.mark.parametrize(("status", "reason"), [(401, Reason.AUTHENTICATION_REQUIRED), (403, Reason.ACCESS_DENIED)])
def test_what_the_credentials_lack_is_said_whether_the_registry_asks_for_some_or_refuses(status: int, reason: Reason):
    error = from_status(
        status, context="GET manifest", headers={}, identified=False, lacking="Secret a/b has none for it", now=NOW
    )

    assert error.reason is reason
    assert f"the registry wants credentials ({status}), and Secret a/b has none for it: add one" in error.message
