"""The one session to an API server: credentials, discovery, requests, watches, lease.

``credentials.load`` finds an ``Endpoint``; ``Session.open`` talks to it; ``Discovery`` says where a kind lives
(``Resource``); ``objects`` has the verbs; ``Watch`` follows a kind without polling; ``Lease`` lets one of several
operators lead. Whatever the server refuses is an ``ApiError``, without the values that it quotes.

The ``kubernetes`` library is only loaded for kubeconfig files (``kubeconfig``): on the hot path one aiohttp session
with orjson is several times faster and 40 MB smaller.
"""

from pattern_operator.kube import objects
from pattern_operator.kube.credentials import Endpoint, load
from pattern_operator.kube.discovery import Discovery
from pattern_operator.kube.failure import ApiError, ApiUnavailable, CredentialsError, KindNotFound
from pattern_operator.kube.identity import identity, is_ended, lease_namespace
from pattern_operator.kube.lease import Lease
from pattern_operator.kube.objects import Conflicts, Propagation
from pattern_operator.kube.ownaccess import OwnAccess
from pattern_operator.kube.reading import in_turns
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.selfreview import may_change_everything, user_name
from pattern_operator.kube.servertext import Cause
from pattern_operator.kube.session import Session
from pattern_operator.kube.watch import Change, ChangeType, View, Watch

__all__ = [
    "ApiError",
    "ApiUnavailable",
    "Cause",
    "Change",
    "ChangeType",
    "Conflicts",
    "CredentialsError",
    "Discovery",
    "Endpoint",
    "KindNotFound",
    "Lease",
    "OwnAccess",
    "Propagation",
    "Resource",
    "Session",
    "View",
    "Watch",
    "identity",
    "in_turns",
    "is_ended",
    "lease_namespace",
    "load",
    "may_change_everything",
    "objects",
    "user_name",
]
