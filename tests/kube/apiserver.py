"""etcd and kube-apiserver alone: what the package kube talks to, and can be ended and started again under a test."""

import datetime
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.testbed import controlplane, process
from tests.testbed.authority import Authority, write_key
from tests.testbed.http import answers
from tests.testbed.paths import BIN
from tests.testbed.process import Process

from pattern_operator.kube import Endpoint, Session
from pattern_operator.kube.endpoint import StaticAuth, tls_context


@dataclass
class ApiServer:
    """A running API server. ``token`` is an administrator's, ``other_token`` another one's."""

    directory: Path
    authority: Authority
    port: int
    etcd: Process
    process: Process
    command: list[str | Path]
    token: str
    other_token: str
    client_certificate: str  # PEM, of an administrator
    client_key: str

    @classmethod
    def start(cls, directory: Path) -> "ApiServer":
        """Start both; returns when the API server serves."""
        authority = Authority.create(directory)
        serving = authority.serving("kube-apiserver")
        certificate, key = client_certificate()
        (directory / "client-ca.crt").write_text(certificate)
        write_key(directory / "service-account.key", ec.generate_private_key(ec.SECP256R1()))
        token, other = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        (directory / "tokens.csv").write_text(
            f'{token},admin,admin,"system:masters"\n{other},other,other,"system:masters"\n'
        )
        client, peer = (f"http://127.0.0.1:{process.free_port()}" for _ in range(2))
        etcd = process.start("etcd", _etcd(directory, client=client, peer=peer), directory=directory)
        etcd.wait_until(lambda: answers(f"{client}/readyz"), seconds=controlplane.READY)
        port = process.free_port()
        command: list[str | Path] = [
            BIN / "controlplane",
            "kube-apiserver",
            f"--etcd-servers={client}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={directory / 'certificates'}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={directory / 'client-ca.crt'}",
            f"--token-auth-file={directory / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={directory / 'service-account.key'}",
            f"--service-account-signing-key-file={directory / 'service-account.key'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",
            "--shutdown-delay-duration=0s",
        ]
        started = process.start("kube-apiserver", command, directory=directory)
        server = cls(directory, authority, port, etcd, started, command, token, other, certificate, key)
        server.wait()
        return server

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def endpoint(self, *, port: int | None = None) -> Endpoint:
        """How the administrator reaches it, on ``port`` when something stands in front of it."""
        return Endpoint(
            server=f"https://127.0.0.1:{port or self.port}",
            authorization=StaticAuth(f"Bearer {self.token}"),
            tls=tls_context(ca=self.authority.ca.read_text()),
        )

    def wait(self) -> None:
        """Return when it serves."""
        self.process.wait_until(
            lambda: answers(f"{self.url}/readyz", ca=self.authority.ca, token=self.token),
            seconds=controlplane.READY,
        )

    def kill(self) -> None:
        """End the API server without a word to its clients; etcd goes on."""
        self.process.kill()

    def start_again(self) -> None:
        """Start the API server with an empty watch cache."""
        self.process = process.start("kube-apiserver", self.command, directory=self.directory)
        self.wait()

    def stop(self) -> None:
        """End both."""
        self.process.kill()
        self.etcd.kill()


def _etcd(directory: Path, *, client: str, peer: str) -> list[str | Path]:
    return [
        BIN / "controlplane",
        "etcd",
        f"--data-dir={directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def client_certificate() -> tuple[str, str]:
    """Make a certificate that is its own authority, for a member of system:masters."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=certified,O=system:masters")
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


async def user_at(endpoint: Endpoint) -> str:
    """The name that the API server knows the caller by."""
    review = b'{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}'
    async with Session.open(endpoint) as session:
        answer = await session.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=review)
    name: str = json.loads(answer)["status"]["userInfo"]["username"]
    return name
