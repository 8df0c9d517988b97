"""Names that Kubernetes takes, and how a name that it does not take is made one.

RFC 1123 as Kubernetes reads it (k8s.io/apimachinery/pkg/util/validation): a label has small letters, digits and ``-``,
at most 63; a subdomain is labels joined by ``.``, at most 253. RBAC objects may have any name that is a path segment.
"""

import re
from typing import Final

_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE: Final = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_MAX_LABEL, _MAX_SUBDOMAIN = 63, 253

_LABELS: Final = frozenset({"Namespace", "Service"})  # kinds whose names are labels; all others are subdomains
# Kinds that keep any path segment as a name: RBAC by rule (rbac/validation, ValidateRBACName), the others because the
# colon has a meaning in them (signer:name of a trust bundle, IPv6 addresses).
_PATH_SEGMENTS: Final = frozenset(
    {
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
        "CertificateSigningRequest",
        "ClusterTrustBundle",
        "IPAddress",
    }
)


def is_valid(name: str, *, kind: str) -> bool:
    """Whether an object of ``kind`` may be called ``name``."""
    if kind in _PATH_SEGMENTS:
        return name.isprintable() and bool(name.strip()) and name not in (".", "..") and not set(name) & {"/", "%"}
    if kind in _LABELS:
        return len(name) <= _MAX_LABEL and _LABEL.fullmatch(name) is not None
    return len(name) <= _MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(name) is not None


def made_valid(name: str, *, kind: str) -> str | None:
    """``name`` as an object of ``kind`` can bear it: small letters, ``-`` for what is not allowed.

    The same name always becomes the same; a valid one stays as it is. None when nothing valid is left, or the name is
    too long: where to cut it would be an invention, and could meet another name.
    """
    if is_valid(name, kind=kind):
        return name
    if kind in _PATH_SEGMENTS:
        return None
    parts = [name] if kind in _LABELS else name.split(".")
    labels = (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") if _dirty(part) else part for part in parts)
    made = ".".join(label for label in labels if label)
    return made if is_valid(made, kind=kind) else None


def is_kind(text: str) -> bool:
    """Whether ``text`` can be the kind of a resource."""
    return _KIND.fullmatch(text) is not None


def is_api_version(text: str) -> bool:
    """Whether ``text`` is a version, or a group and a version: both become parts of a path of the API."""
    group, slash, version = text.rpartition("/")
    return (not slash or _SUBDOMAIN.fullmatch(group) is not None) and _LABEL.fullmatch(version) is not None


def is_label_value(text: str) -> bool:
    """Whether ``text`` may be the value of a label."""
    return len(text) <= _MAX_LABEL and _LABEL_VALUE.fullmatch(text) is not None


def _dirty(label: str) -> bool:
    return _LABEL.fullmatch(label) is None
