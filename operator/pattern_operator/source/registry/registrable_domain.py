"""Who owns a host name: whether a token service and a registry have one owner, by the public-suffix list.

Rules: publicsuffix.org/list, "Algorithm", both sections: below a suffix of the private one, such as ``github.io``,
everybody registers names, and two of them have two owners. The package holds the list; nothing is fetched. In a
cluster's own domain (Kubernetes, "DNS for Services and Pods") a namespace is the owner.
"""

from functools import cache
from typing import TYPE_CHECKING, Final

from pattern_operator.source.origin import canonical_host

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_CLUSTER: Final = frozenset({"svc", "pod"})  # <name>.<namespace>.svc[.cluster.local], and so for pods
_MAX_NAME: Final = 253  # letters of a name in DNS


def has_same_registrable_domain(one: str, other: str) -> bool:
    """Whether two hosts are one, or below one domain that somebody registered; blocks some 40 ms the first time.

    An address, a name without a dot, and a public suffix itself have no owner who is known: only the very same host is
    of the same owner (CVE-2020-15157).
    """
    one, other = canonical_host(one), canonical_host(other)
    if one == other:
        return one != ""
    owner = _registered(one)
    return owner is not None and owner == _registered(other)


def _registered(host: str) -> str | None:
    """The domain that the owner of ``host`` registered; None where there is none."""
    labels = host.split(".")
    if len(host) > _MAX_NAME or not all(labels) or ":" in host or labels[-1].isdecimal():
        return None
    for place, label in enumerate(labels[2:], start=2):
        if label in _CLUSTER:
            return ".".join(labels[place - 1 :])
    return _suffixes().privatesuffix(host)


@cache  # a constant of 10,000 rules, read when it is first needed
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
