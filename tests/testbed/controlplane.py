"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler: upstream's own, on loopback, in two seconds."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from tests.testbed import process
from tests.testbed.authority import Authority, write_key
from tests.testbed.http import answers
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.paths import BIN
from tests.testbed.process import Process

READY = 60.0  # seconds; takes 2, but workers share two cores
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""
SERVERS = ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")  # in the order of their ends
# Accounts by static token; the server's own bootstrap roles are bound to the last two names.
ACCOUNTS = {
    "admin": "system:masters",
    "system:kube-controller-manager": "",
    "system:kube-scheduler": "",
}


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A control plane whose state lies below ``directory``; ``admin`` may do everything in it."""

    directory: Path
    admin: Kubeconfig

    @classmethod
    def load(cls, directory: Path) -> "ControlPlane":
        """Find the control plane that an earlier command started in ``directory``."""
        return cls(directory, Kubeconfig.read(directory / "admin.kubeconfig"))

    @property
    def audit_log(self) -> Path:
        """The audit log: one JSON event a line, level Metadata; absent unless asked for at the start."""
        return self.directory / "audit.log"

    def ready(self) -> bool:
        """Ask the API server whether it serves."""
        return answers(f"{self.admin.server}/readyz", ca=self.admin.ca, token=self.admin.token)

    def stop_api_server(self) -> None:
        """End the API server alone: its clients see refused connections until ``start_api_server``."""
        process.saved(self.directory)["kube-apiserver"].stop(grace=2.0)

    def start_api_server(self) -> None:
        """Start the API server again, at the same address and with the same state, and wait until it serves."""
        process.saved(self.directory)["kube-apiserver"].again().wait_until(self.ready, seconds=READY)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the servers are told; made once a start."""

    directory: Path
    authority: Authority
    audit: bool
    etcd: int
    port: int

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def service_account_key(self) -> Path:
        """The key that service account tokens are signed with."""
        return self.directory / "service-account.key"

    @property
    def tokens(self) -> Path:
        """The file of static tokens."""
        return self.directory / "tokens.csv"


def start(directory: Path, *, authority: Authority, audit: bool = False) -> ControlPlane:
    """Start the four servers and return when the API server serves.

    Raises:
        ProcessEnded: one of them does not start; the message holds the end of its log.
    """
    settings = Settings(directory, authority, audit, etcd=process.free_port(), port=process.free_port())
    write_key(settings.service_account_key, ec.generate_private_key(ec.SECP256R1()))
    accounts = _accounts(settings)
    controlplane = ControlPlane(directory, accounts["admin"])

    etcd = process.start("etcd", _etcd(settings), directory=directory)
    etcd.wait_until(lambda: answers(f"http://127.0.0.1:{settings.etcd}/readyz"), seconds=READY)
    server = process.start("kube-apiserver", _api_server(settings), directory=directory)
    server.wait_until(controlplane.ready, seconds=READY)
    manager = _controller_manager(settings, accounts["system:kube-controller-manager"])
    process.start("kube-controller-manager", manager, directory=directory)
    scheduler = _scheduler(accounts["system:kube-scheduler"])
    process.start("kube-scheduler", scheduler, directory=directory)
    return controlplane


def stop(processes: dict[str, Process]) -> None:
    """End the servers that run: the API server before etcd, because without etcd it takes a minute to leave."""
    for name in SERVERS:
        if name in processes:
            processes[name].stop(grace=2.0)


def _accounts(settings: Settings) -> dict[str, Kubeconfig]:
    accounts, lines = {}, []
    for user, group in ACCOUNTS.items():
        token = secrets.token_urlsafe(24)
        lines.append(f'{token},{user},{user},"{group}"\n')
        path = settings.directory / f"{user.removeprefix('system:')}.kubeconfig"
        accounts[user] = Kubeconfig(path, settings.server, settings.authority.ca, token, user).write()
    settings.tokens.touch(mode=0o600)
    settings.tokens.write_text("".join(lines))
    return accounts


def _etcd(settings: Settings) -> list[str | Path]:
    client, peer = f"http://127.0.0.1:{settings.etcd}", f"http://127.0.0.1:{process.free_port()}"
    return [
        BIN / "controlplane",
        "etcd",
        f"--data-dir={settings.directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _api_server(settings: Settings) -> list[str | Path]:
    serving = settings.authority.serving("kube-apiserver")
    flags = [
        f"--etcd-servers=http://127.0.0.1:{settings.etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={settings.port}",
        f"--cert-dir={settings.directory / 'certificates'}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        f"--token-auth-file={settings.tokens}",
        "--authorization-mode=Node,RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={settings.service_account_key}",
        f"--service-account-signing-key-file={settings.service_account_key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--endpoint-reconciler-type=none",  # it cannot advertise a loopback address, and nothing here dials it
        "--allow-privileged",
        "--shutdown-delay-duration=0s",
    ]
    if settings.audit:
        policy = settings.directory / "audit-policy.yaml"
        policy.write_text(POLICY)
        flags += [
            f"--audit-policy-file={policy}",
            f"--audit-log-path={settings.directory / 'audit.log'}",
            "--audit-log-mode=batch",
            "--audit-log-maxsize=100000",  # MB: a log that is rotated away in the middle of a bench cannot be counted
        ]
    return [BIN / "controlplane", "kube-apiserver", *flags]


def _controller_manager(settings: Settings, account: Kubeconfig) -> list[str | Path]:
    return [
        BIN / "controlplane",
        "kube-controller-manager",
        f"--kubeconfig={account.path}",
        "--secure-port=0",
        "--leader-elect=false",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={settings.service_account_key}",
        f"--root-ca-file={settings.authority.ca}",
        "--kube-api-qps=500",  # else a test waits for the controllers' own rate limit
        "--kube-api-burst=1000",
        "--pvclaimbinder-sync-period=1s",  # else a claim that was made before its volume waits for up to 15 s
    ]


def _scheduler(account: Kubeconfig) -> list[str | Path]:
    return [
        BIN / "controlplane",
        "kube-scheduler",
        f"--kubeconfig={account.path}",
        "--secure-port=0",
        "--leader-elect=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]
