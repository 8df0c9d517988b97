"""A token service as registries of the distribution project trust one: it signs what an account may do.

Protocol: distribution, "Token Authentication Specification" (GET with Basic), "Token Authentication Implementation"
(the JWT) and "Oauth2 Token Authentication" (POST with a refresh token).
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tests.testbed.authority import Authority
from tests.testbed.repository import Account

NAME = "testbed"  # as issuer and as service
TTL = 60  # seconds of a token
REALM = {"WWW-Authenticate": f'Basic realm="{NAME}"'}


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs tokens with a key made for it; registries trust what ``roots`` (PEM) issued."""

    key: ec.EllipticCurvePrivateKey
    certificate: str
    roots: Path

    @classmethod
    def create(cls, directory: Path) -> Self:
        """Make key and certificate in ``directory``."""
        authority = Authority.create(directory)
        files = authority.serving("tokens")
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        der = x509.load_pem_x509_certificate(files.certificate.read_bytes()).public_bytes(serialization.Encoding.DER)
        return cls(key, base64.b64encode(der).decode(), authority.ca)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A JWT (RFC 7519) of ``claims``, by ES256 with its certificate in the header."""
        header = {"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]}
        content = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self.key.sign(content.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{content}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@dataclass(slots=True)
class TokenService:
    """Answers at ``realm`` in a thread of its own until ``stop``; ``refresh_token`` stands for the account's password.

    ``asked`` counts the requests by the way in which the account was proven: "password", "refresh_token", "" for none.
    """

    signer: Signer
    account: Account
    refresh_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    asked: list[str] = field(default_factory=list)
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.headers.get("Authorization") == service.account.basic
                query = parse_qs(urlsplit(self.path).query)
                service.answer(self, "password" if known else "", query.get("scope", []))

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                known = form.get("grant_type") == ["refresh_token"]
                known = known and form.get("refresh_token") == [service.refresh_token]
                service.answer(self, "refresh_token" if known else "", form.get("scope", []))

            def log_message(self, *_: object) -> None:
                """Say nothing: tokens would be in it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def realm(self) -> str:
        """Where tokens are asked for."""
        return f"http://localhost:{self.server.server_port}/token"

    def answer(self, request: BaseHTTPRequestHandler, proven_by: str, scopes: Sequence[str]) -> None:
        """Give a token for ``scopes``, or 401 to who is not the account."""
        self.asked.append(proven_by)
        if not proven_by:
            _send(request, 401, {"errors": [{"code": "UNAUTHORIZED"}]}, REALM)
            return
        token = self.signer.sign(self._claims([word for scope in scopes for word in scope.split()]))
        _send(request, 200, {"token": token, "access_token": token, "expires_in": TTL}, {})

    def stop(self) -> None:
        """End the server."""
        self.server.shutdown()
        self.server.server_close()

    def _claims(self, scopes: Sequence[str]) -> dict[str, Any]:
        now = int(time.time())
        granted = [scope.split(":", 1)[0:1] + scope.split(":", 1)[1].rsplit(":", 1) for scope in scopes]
        return {
            "iss": NAME,
            "sub": self.account.name,
            "aud": NAME,
            "nbf": now - 5,
            "iat": now,
            "exp": now + TTL,
            "jti": secrets.token_hex(8),
            "access": [{"type": kind, "name": name, "actions": do.split(",")} for kind, name, do in granted],
        }


def _send(request: BaseHTTPRequestHandler, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    content = json.dumps(body).encode()
    request.send_response(status)
    for name, text in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
        request.send_header(name, text)
    request.end_headers()
    request.wfile.write(content)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
