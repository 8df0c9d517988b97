"""From what a user wrote to bytes that are proven to be those of one digest. Who is trusted is for ``verify`` to say.

``resolve`` finds the digest; ``fetch_manifest`` reads the manifest; ``fetch_signatures`` finds what claims to sign it;
``open_layers`` gives its content (``pull``: as files in memory). Each takes a ``RepositoryClient``, the client of one
repository, which knows ``Credentials`` and keeps tokens in a ``TokenCache``. ``Cache`` keeps content by repository and
digest. ``IssuerClient`` asks for revoked
certificates. ``push``, ``read_local`` and ``oci_layout`` are for the command line.

Where to look: registry authentication in ``registry.auth``, pull Secrets in ``credentials.pull_secrets``, ranges of
versions in ``semver.range``, the formats of signatures in ``signatures.formats``; tar safety is in ``archive``.
"""

from pattern_operator.archive import LayerSelector
from pattern_operator.source.cache.cache import Cache
from pattern_operator.source.cache.disk import DiskCache
from pattern_operator.source.credentials.credential import Credential
from pattern_operator.source.credentials.docker_config import Credentials, from_docker_home
from pattern_operator.source.credentials.pull_secrets import PullSecretReader
from pattern_operator.source.issuer_client import IssuerClient
from pattern_operator.source.local_files import read_local, read_stream
from pattern_operator.source.origin import Origin, Scheme
from pattern_operator.source.pull import ResolvedManifest, fetch_manifest, open_layers, pull
from pattern_operator.source.push import push
from pattern_operator.source.registry.address_space import AddressSpace
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.registry.connections import ConnectionLimiter, ConnectionWaits
from pattern_operator.source.registry.dns import DnsResolver, SystemResolver
from pattern_operator.source.registry.network import Network, RegistryNetwork
from pattern_operator.source.registry.pull_records import PullRecords
from pattern_operator.source.registry.token_cache import TokenCache
from pattern_operator.source.resolve import resolve, resolve_or_hold
from pattern_operator.source.signatures.fetch import fetch_signatures
from pattern_operator.source.signatures.fetched import FetchedSignatures

__all__ = [
    "AddressSpace",
    "Cache",
    "ConnectionLimiter",
    "ConnectionWaits",
    "Credential",
    "Credentials",
    "DiskCache",
    "DnsResolver",
    "FetchedSignatures",
    "IssuerClient",
    "LayerSelector",
    "Network",
    "Origin",
    "PullRecords",
    "PullSecretReader",
    "RegistryNetwork",
    "RepositoryClient",
    "ResolvedManifest",
    "Scheme",
    "SystemResolver",
    "TokenCache",
    "fetch_manifest",
    "fetch_signatures",
    "from_docker_home",
    "open_layers",
    "pull",
    "push",
    "read_local",
    "read_stream",
    "resolve",
    "resolve_or_hold",
]
