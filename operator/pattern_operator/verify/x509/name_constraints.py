"""The names that an authority may certify: RFC 5280 section 4.2.1.10, and how they are compared, section 6.1.

Constraints on a form of name that is not compared here refuse every certificate that has a name of this form; so do
those on a name of which another reader may think otherwise.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final
from unicodedata import normalize

from cryptography import x509
from cryptography.x509.oid import NameOID

from pattern_operator.limits import MAX_NAMES_COMPARED
from pattern_operator.verify.x509.certificate import Certificate

# Letters, digits and hyphens in labels, none of them empty (so no dot at the end), and the last is not a number.
_HOST: Final = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z0-9_-]*[a-z_-][a-z0-9_-]*", re.ASCII)
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+", re.ASCII)  # RFC 5321 section 4.1.2, ``Dot-string``
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([A-Za-z0-9._-]+)(?::[0-9]*)?(?:[/?#][!-\[\]-~]*)?", re.ASCII)

_Name = tuple[type[x509.GeneralName], object]  # its form and its value


def violation(path: Sequence[Certificate]) -> str | None:
    """Why a name in ``path``, from the leaf to the root, is one that an authority above may not certify; else None.

    Certificates that an authority issued to itself are not limited, other than as a leaf (section 6.1.3, b).
    """
    for above, authority in enumerate(path):
        if authority.name_constraints is None:
            continue
        constraints = authority.name_constraints.value
        for place, certificate in enumerate(path[:above]):
            if place and certificate.is_self_issued:
                continue
            if wrong := _violation(_names(certificate), constraints):
                return f"{authority} may not issue certificates for {wrong}, and {certificate} has such a name"
    return None


def _names(certificate: Certificate) -> list[_Name]:
    """The alternative names and the subject; mail addresses in the subject count as such (section 4.2.1.10)."""
    stated = certificate.alternative_names
    names: list[_Name] = [(type(name), name.value) for name in stated.value] if stated is not None else []
    if certificate.subject.rdns:
        names.append((x509.DirectoryName, certificate.subject))
    addresses = certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    return [*names, *((x509.RFC822Name, address.value) for address in addresses)]


def _violation(names: Sequence[_Name], constraints: x509.NameConstraints) -> str | None:
    permitted, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    if len(names) * (len(permitted) + len(excluded)) > MAX_NAMES_COMPARED:
        return "so many names"
    for form, value in names:
        allowed = [each.value for each in permitted if type(each) is form]
        denied = [each.value for each in excluded if type(each) is form]
        if any(_covers(form, each, value) is not False for each in denied):
            return f"an excluded {form.__name__}"
        if allowed and not any(_covers(form, each, value) for each in allowed):
            return f"a {form.__name__} that is not permitted"
    return None


def _covers(form: type[x509.GeneralName], constraint: object, value: object) -> bool | None:
    """Whether a name lies within a constraint of the same form; None where that cannot be told."""
    match constraint, value:
        case x509.Name(), x509.Name():
            return _covers_directory(constraint, value)
        case IPv4Network(), IPv4Address():
            return value in constraint
        case IPv6Network(), IPv6Address():
            return value in constraint
        case IPv4Network(), IPv6Address() if value.ipv4_mapped is not None:
            return None
        case ((IPv4Network() | IPv6Network()), (IPv4Address() | IPv6Address())):
            return False
        case str(), str():
            return _covers_text(form, constraint, value)
        case _:
            return None


def _covers_directory(constraint: x509.Name, value: x509.Name) -> bool | None:
    """Compare exactly; what only another reader may take for equal, by section 7.1, cannot be told."""
    begin = value.rdns[: len(constraint.rdns)]
    if begin == constraint.rdns:
        return True
    return None if [*map(_folded, begin)] == [*map(_folded, constraint.rdns)] else False


def _folded(names: x509.RelativeDistinguishedName) -> frozenset[tuple[str, str | bytes]]:
    return frozenset((each.oid.dotted_string, _folded_text(each.value)) for each in names)


def _folded_text(value: str | bytes) -> str | bytes:
    return " ".join(normalize("NFKC", value).casefold().split()) if isinstance(value, str) else value


def _covers_text(form: type[x509.GeneralName], constraint: str, value: str) -> bool | None:
    """Compare names that are text; a constraint without any text covers all of them."""
    if not constraint:
        return True
    if form is x509.DNSName:
        return _covers_host(constraint.removeprefix("."), value.lower(), below=constraint.lower())
    if form is x509.RFC822Name:
        return _covers_address(constraint, value)
    return _is_host_of(constraint, _host(value)) if form is x509.UniformResourceIdentifier else None


def _covers_host(name: str, value: str, *, below: str) -> bool | None:
    """A host is covered with all hosts below it; of a wildcard, a host of a covered domain may be meant."""
    host = value.removeprefix("*.")
    if not _HOST.fullmatch(host) or not _HOST.fullmatch(name.lower()):
        return None
    if _is_host_below(value, below) or value == below:
        return True
    return None if host != value and _is_host_below(name.lower(), host) else False


def _covers_address(constraint: str, value: str) -> bool | None:
    """Of a mail address, the host in any case; the part before it is compared exactly (section 7.5)."""
    own, _, host = value.rpartition("@")
    if not _LOCAL.fullmatch(own):
        return None
    if "@" not in constraint:
        return _is_host_of(constraint, host.lower())
    wanted, _, at = constraint.rpartition("@")
    same = _is_host_of(at, host.lower())
    if not same or own == wanted:
        return same
    return None if own.casefold() == wanted.casefold() else False


def _is_host_of(constraint: str, host: str | None) -> bool | None:
    """Of mail addresses and URIs: a constraint is one host, or with a dot before it all hosts below a domain."""
    name = constraint.lower()
    if not host or not _HOST.fullmatch(host) or not _HOST.fullmatch(name.removeprefix(".")):
        return None
    return _is_host_below(host, name) if name.startswith(".") else host == name


def _is_host_below(host: str, domain: str) -> bool:
    return host.endswith(f".{domain.removeprefix('.')}")


def _host(uri: str) -> str | None:
    """The host of a URI; None of one without, or of one whose host two readers may find in different places."""
    found = _URI.fullmatch(uri)
    return found[1].lower() if found else None
