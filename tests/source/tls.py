"""A server with a certificate of its own authority, which redirects all reading and all uploads."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@asynccontextmanager
async def serving_https(
    directory: Path, *, location: str, ends: timedelta = timedelta(hours=1)
) -> AsyncIterator[tuple[str, Path]]:
    """Give the address, and the file of the certificate to trust."""
    certificate, context = serving_certificate(directory, ends=ends)

    async def redirect(request: web.Request) -> web.StreamResponse:
        if request.method == "HEAD":
            return web.Response(status=404)
        return web.Response(status=202 if request.method == "POST" else 307, headers={"Location": location})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", redirect)
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    try:
        yield f"127.0.0.1:{server.port}", certificate
    finally:
        await server.close()


def serving_certificate(directory: Path, *, ends: timedelta = timedelta(hours=1)) -> tuple[Path, ssl.SSLContext]:
    """The file of a new certificate for the loopback, and what a server speaks TLS with that has it."""
    certificate, key = _certificate(directory, ends=datetime.now(UTC) + ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def _certificate(directory: Path, *, ends: datetime) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry of a test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=2))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = directory / "tls.crt", directory / "tls.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
