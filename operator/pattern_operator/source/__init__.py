"""The first room: from what a user wrote to bytes that are proven to be those of one digest.

``resolve`` finds the digest, ``announced`` what the artifact says of itself, ``fetch_signatures`` what claims to sign
it, ``opened_layers`` brings its content (``pull``: as files in memory); each asks a
``Registry``, the client of one repository, which knows ``Credentials`` and remembers in a ``TokenCache`` what lets it
in. ``Cache`` keeps content by digest. ``push`` and ``read_local`` are for the command line. Nothing here decides whom
to trust: that is ``verify``.
"""

from pattern_operator.archive import LayerChoice
from pattern_operator.source.cache import Cache
from pattern_operator.source.connections import Connections, Waits
from pattern_operator.source.credentials import Credential, Credentials, from_docker_home
from pattern_operator.source.dockerconfigs import DockerConfigs
from pattern_operator.source.local import read_local, read_stream
from pattern_operator.source.names import Names, SystemNames
from pattern_operator.source.network import Network, RegistryNetwork
from pattern_operator.source.origin import Origin, Scheme
from pattern_operator.source.pull import Announced, announced, opened_layers, pull
from pattern_operator.source.push import push
from pattern_operator.source.readers import Readers
from pattern_operator.source.registry import Registry
from pattern_operator.source.resolve import resolve
from pattern_operator.source.signatures import FetchedSignatures, fetch_signatures
from pattern_operator.source.tokens import TokenCache

__all__ = [
    "Announced",
    "Cache",
    "Connections",
    "Credential",
    "Credentials",
    "DockerConfigs",
    "FetchedSignatures",
    "LayerChoice",
    "Names",
    "Network",
    "Origin",
    "Readers",
    "Registry",
    "RegistryNetwork",
    "Scheme",
    "SystemNames",
    "TokenCache",
    "Waits",
    "announced",
    "fetch_signatures",
    "from_docker_home",
    "opened_layers",
    "pull",
    "push",
    "read_local",
    "read_stream",
    "resolve",
]
