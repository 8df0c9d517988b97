"""Asks a token service for a bearer token.

Protocol: distribution, "Token Authentication Specification" (GET with Basic, or without) and "Oauth2 Token
Authentication" (POST with a refresh token). The realm comes from the registry's challenge and is not believed: see
``challenge.may_be_told``. Of what a token service says nothing is quoted: the registry chose it.
"""

import re
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.limits import MAX_TOKEN, MAX_TOKEN_RESPONSE
from pattern_operator.source.challenge import Challenge, may_be_told
from pattern_operator.source.credentials import Credential
from pattern_operator.source.document import text
from pattern_operator.source.offloop import compute
from pattern_operator.source.transport import Answer, Hop, Transport, host_of
from pattern_operator.strictjson import InvalidDocument, read_bounded

_CLIENT_ID: Final = "pattern-operator"
_LIFETIME: Final = 60.0  # seconds of a token that does not say; the specification's default and least
_LONGEST: Final = 86_400.0  # seconds; nobody means more, and JSON can say infinity
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
    credential: Credential | None,
    scope: str,
    transport: Transport,
    hop: Hop,
    cpu: Executor,
    what: str,
) -> Token:
    """Get a token for what ``challenge`` asks; ``scope`` stands in where the challenge names none.

    ``what`` names in messages the request that needs it; ``hop`` is the one to the service.

    Raises:
        Stalled: AUTHENTICATION_FAILED, AUTHENTICATION_REQUIRED or ACCESS_DENIED: there is none for us, or the
            credentials may not be told to the realm.
        Transient: the service cannot be asked, or answers nonsense.
    """
    realm = _realm(challenge, registry=registry, what=what)
    hop = hop.to(realm, source=registry)
    wanted = {"service": challenge.parameters.get("service", ""), "scope": challenge.parameters.get("scope") or scope}
    wanted = {name: value for name, value in wanted.items() if value}
    what = f"{what}: asking {host_of(realm)} for a token"
    if credential is not None and credential.identity_token:
        form = {**wanted, "grant_type": "refresh_token", "client_id": _CLIENT_ID}
        form["refresh_token"] = credential.identity_token
        answer = await transport.ask("POST", realm, what=what, hop=hop, limit=MAX_TOKEN_RESPONSE, form=form)
    else:
        headers = {"Authorization": credential.basic} if credential is not None else {}
        answer = await transport.ask(
            "GET", realm.update_query(wanted), what=what, hop=hop, limit=MAX_TOKEN_RESPONSE, headers=headers
        )
    if answer.status != 200:
        raise _no_token(answer, what=what, credential=credential, transport=transport)
    return await compute(cpu, len(answer.body), _token, answer, what=what)


def _realm(challenge: Challenge, *, registry: URL, what: str) -> URL:
    named = challenge.parameters.get("realm", "")
    try:
        realm = URL(named)
        host = realm.raw_host
    except ValueError:
        realm, host = URL(), ""
    if not host or realm.scheme not in ("https", registry.scheme) or realm.user is not None:
        raise Stalled(
            reason=Reason.AUTHENTICATION_FAILED,
            message=f"{what}: what the registry names as its token service is no {registry.scheme} address: it is "
            "not asked.",
        )
    if not may_be_told(host, registry=registry.raw_host or ""):
        raise Stalled(
            reason=Reason.AUTHENTICATION_FAILED,
            message=f"{what}: the registry sends us to {host_of(realm)} for a token, and credentials for one host "
            "are not told to another, nor is a token taken from it: use a registry whose token service is in its own "
            "domain.",
        )
    return realm


def _no_token(answer: Answer, *, what: str, credential: Credential | None, transport: Transport) -> PatternError:
    """A refusal by the token service is about us, never about the artifact: its 404 proves no absence."""
    status = answer.status if answer.status in (403, 429) or answer.status >= 500 else 401
    named = what if status == answer.status else f"{what} ({answer.status})"
    silent = Answer(status, answer.headers, b"", answer.url)  # without what it says of itself
    return transport.refused(silent, what=named, identified=credential is not None)


def _token(answer: Answer, *, what: str) -> Token:
    try:
        document = read_bounded(answer.body)
        value = text(document, "token") or text(document, "access_token")
        if len(value) > MAX_TOKEN or not _TOKEN.fullmatch(value):
            raise InvalidDocument("has no token")
        seconds = document.get("expires_in")
        if seconds is None or isinstance(seconds, bool):
            seconds = _LIFETIME
        if not isinstance(seconds, (int, float)) or not seconds >= 0:
            raise InvalidDocument("has an expires_in that is no number of seconds")
    except InvalidDocument:
        raise Transient(
            reason=Reason.REGISTRY_UNAVAILABLE,
            message=f"{what}: its answer holds no token as the specification has it; it is asked again later.",
        ) from None  # which part of it is missing would tell what the host says
    return Token(value, min(float(seconds), _LONGEST))
