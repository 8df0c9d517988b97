"""Asks a token service for a bearer token.

Protocol: distribution, "Token Authentication Specification" (GET with Basic, or without) and "Oauth2 Token
Authentication" (POST with a refresh token). The realm comes from the registry's challenge and is not believed: it has
to be of the registry's owner (``owner``), or the one that the user named. Of what a token service says nothing is
quoted: the registry chose it.
"""

import re
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.executors import run_in
from pattern_operator.json_fields import string_field
from pattern_operator.limits import MAX_TOKEN, MAX_TOKEN_RESPONSE
from pattern_operator.quote import quoted
from pattern_operator.source.credentials.credential import Credential
from pattern_operator.source.offload import offload
from pattern_operator.source.origin import Origin, same_host
from pattern_operator.source.registry.challenge import Challenge
from pattern_operator.source.registry.registrable_domain import has_same_registrable_domain
from pattern_operator.source.registry.transport import Hop, Response, Transport, host_of, place_of
from pattern_operator.strict_json import InvalidDocument, read_bounded

_CLIENT_ID: Final = "pattern-operator"
_LIFETIME: Final = 60.0  # seconds of a token that does not say; the specification's default and least
_LONGEST: Final = 86_400.0  # seconds; nobody means more, and JSON can say infinity
_MAX_NUMBER: Final = 32  # letters of a number that is text
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # b64token, RFC 6750 section 2.1


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, and how many seconds it lives."""

    value: str
    seconds: float


async def fetch_token(
    challenge: Challenge,
    *,
    registry: URL,
    named: str | None,
    credential: Credential | None,
    lacking: str,
    scope: str,
    transport: Transport,
    hop: Hop,
    cpu: Executor,
    context: str,
) -> Token:
    """Get a token for what ``challenge`` asks; ``scope`` stands in where the challenge names none.

    ``context`` names in messages the request that needs it; ``hop`` is the one to the service. ``named`` is the token
    service that the user named, ``host[:port]``. ``lacking`` says why there are no credentials, where it is known.

    Raises:
        Stalled: AUTHENTICATION_FAILED, AUTHENTICATION_REQUIRED or ACCESS_DENIED: there is none for us, or the
            credentials may not be told to the realm.
        Transient: the service cannot be asked, or answers nonsense.
    """
    realm = _realm(challenge, registry=registry, context=context)
    if not await may_send_credentials(realm, registry=registry, named=named, cpu=cpu):
        raise _of_another_owner(realm, named=named, context=context)
    hop = hop.to(realm, source=registry)
    wanted = {"service": challenge.parameters.get("service", ""), "scope": challenge.parameters.get("scope") or scope}
    wanted = {name: value for name, value in wanted.items() if value}
    context = f"{context}: asking {host_of(realm)} for a token"
    if credential is not None and credential.identity_token:
        form = {**wanted, "grant_type": "refresh_token", "client_id": _CLIENT_ID}
        form["refresh_token"] = credential.identity_token
        answer = await transport.request("POST", realm, context=context, hop=hop, limit=MAX_TOKEN_RESPONSE, form=form)
    else:
        headers = {"Authorization": credential.basic} if credential is not None else {}
        answer = await transport.request(
            "GET", realm.update_query(wanted), context=context, hop=hop, limit=MAX_TOKEN_RESPONSE, headers=headers
        )
    if answer.status != 200:
        raise _no_token(answer, context=context, credential=credential, lacking=lacking, transport=transport)
    return await offload(cpu, len(answer.body), _token, answer, context=context)


async def may_send_credentials(realm: URL, *, registry: URL, named: str | None, cpu: Executor) -> bool:
    """Whether a token service may be sent the credentials of ``registry``, and be believed about a token.

    It has to be at the same host, in a domain of the same owner, or ``named`` by the user.
    """
    if same_host(realm, registry) or _is_named(realm, named=named):
        return True
    return await run_in(cpu, has_same_registrable_domain, realm.raw_host or "", registry.raw_host or "")


def _realm(challenge: Challenge, *, registry: URL, context: str) -> URL:
    named = challenge.parameters.get("realm", "")
    try:
        realm = URL(named)
        host = realm.raw_host
    except ValueError:
        realm, host = URL(), ""
    if not host or realm.scheme not in ("https", registry.scheme) or realm.user is not None:
        raise Stalled(
            reason=Reason.AUTHENTICATION_FAILED,
            message=f"{context}: what the registry names as its token service is not an"
            f" {registry.scheme} address: it is not asked.",
        )
    return realm


def _is_named(realm: URL, *, named: str | None) -> bool:
    """Whether the user named this token service; on another port somebody else may listen, also on that of http."""
    return named is not None and Origin.named_safely(named, scheme=realm.scheme) == Origin.of(realm)


def _of_another_owner(realm: URL, *, named: str | None, context: str) -> Stalled:
    place = place_of(realm) if realm.scheme == "https" or not realm.is_default_port() else f"{place_of(realm)}:80"
    instead = "" if named is None else f", and source.tokenService is {quoted(named)}"
    return Stalled(
        reason=Reason.AUTHENTICATION_FAILED,
        message=f"{context}: the registry sends us to {place} for a token, which is not in a domain of the registry's"
        f" owner{instead}: nothing was sent there. If it is the token service of this registry, set"
        f" source.tokenService: {place}",
    )


def _no_token(
    answer: Response, *, context: str, credential: Credential | None, lacking: str, transport: Transport
) -> PatternError:
    """A refusal by the token service is about us, never about the artifact: its 404 proves no absence."""
    status = answer.status if answer.status in (403, 429) or answer.status >= 500 else 401
    named = context if status == answer.status else f"{context} ({answer.status})"
    silent = Response(status, answer.headers, b"", answer.url)  # without what it says of itself
    return transport.to_error(silent, context=named, identified=credential is not None, lacking=lacking)


def _token(answer: Response, *, context: str) -> Token:
    try:
        document = read_bounded(answer.body)
        value = string_field(document, "token") or string_field(document, "access_token")
        if len(value) > MAX_TOKEN or not _TOKEN.fullmatch(value):
            raise InvalidDocument("has no token")
    except InvalidDocument:
        raise Transient(
            reason=Reason.REGISTRY_UNAVAILABLE,
            message=f"{context}: its answer holds no token as the specification has it; it is retried later.",
        ) from None  # which part of it is missing would tell what the host says
    return Token(value, _seconds(document.get("expires_in")))


def _seconds(said: object) -> float:
    """For how long a token is used. What the service says of it is only a hint: some write it as text, or below zero.

    Total: what is not a number above zero is not a hint.
    """
    if isinstance(said, str):
        try:
            said = float(said[:_MAX_NUMBER])
        except ValueError:
            return _LIFETIME
    if isinstance(said, bool) or not isinstance(said, int | float) or not said > 0:
        return _LIFETIME
    return float(min(said, _LONGEST))
