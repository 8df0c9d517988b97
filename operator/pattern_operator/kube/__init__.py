"""The one session to an API server: credentials, discovery, requests, watches, lease.

``credentials.load`` finds an ``Endpoint``; ``Session.open`` talks to it; ``Discovery`` finds the resource of a kind
(``Resource``); ``objects`` has the verbs; ``Reflector`` follows a kind without polling; ``LeaderElector`` lets one of
several operators lead. Whatever the server refuses is an ``ApiError``, without the values that it quotes.

The ``kubernetes`` library is only loaded for kubeconfig files (``kubeconfig``): on the hot path one aiohttp session
with orjson is several times faster and 40 MB smaller.
"""

from pattern_operator.kube import objects
from pattern_operator.kube.credentials import load
from pattern_operator.kube.decode import in_turns
from pattern_operator.kube.discovery import Discovery
from pattern_operator.kube.endpoint import Endpoint
from pattern_operator.kube.errors import ApiError, ApiUnavailable, CredentialsError, KindNotFound
from pattern_operator.kube.identity import holder_is_dead, identity, lease_namespace
from pattern_operator.kube.leaderelection import LeaderElector
from pattern_operator.kube.local_apis import LocalApis
from pattern_operator.kube.objects import Conflicts, Propagation
from pattern_operator.kube.own_permissions import OwnPermissions
from pattern_operator.kube.reflector import Reflector
from pattern_operator.kube.request_content import NO_VERSION
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.self_review import can_patch_everything, user_name
from pattern_operator.kube.session import Session
from pattern_operator.kube.status_message import StatusCause
from pattern_operator.kube.watch_event import Projection, WatchEvent, WatchEventType

__all__ = [
    "NO_VERSION",
    "ApiError",
    "ApiUnavailable",
    "Conflicts",
    "CredentialsError",
    "Discovery",
    "Endpoint",
    "KindNotFound",
    "LeaderElector",
    "LocalApis",
    "OwnPermissions",
    "Projection",
    "Propagation",
    "Reflector",
    "Resource",
    "Session",
    "StatusCause",
    "WatchEvent",
    "WatchEventType",
    "can_patch_everything",
    "holder_is_dead",
    "identity",
    "in_turns",
    "lease_namespace",
    "load",
    "objects",
    "user_name",
]
