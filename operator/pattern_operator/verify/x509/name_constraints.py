"""The names that an authority may certify: RFC 5280 section 4.2.1.10, and how they are compared, section 6.1.

Constraints on a form of name that is not compared here refuse every certificate that has a name of this form.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from pattern_operator.limits import MAX_NAMES_COMPARED
from pattern_operator.verify.x509.certificate import Certificate

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
            return value.rdns[: len(constraint.rdns)] == constraint.rdns
        case IPv4Network(), IPv4Address():
            return value in constraint
        case IPv6Network(), IPv6Address():
            return value in constraint
        case ((IPv4Network() | IPv6Network()), (IPv4Address() | IPv6Address())):
            return False
        case str(), str():
            return _covers_text(form, constraint.lower(), value.lower())
        case _:
            return None


def _covers_text(form: type[x509.GeneralName], constraint: str, value: str) -> bool | None:
    """Compare names that are text; a constraint without any text covers all of them."""
    if not constraint:
        return True
    if form is x509.DNSName:
        return _is_host_below(value, constraint) or value == constraint
    if form is x509.RFC822Name:
        host = value.rpartition("@")[2] if "@" in value else None
        return value == constraint if "@" in constraint else _is_host_of(constraint, host)
    return _is_host_of(constraint, _host(value)) if form is x509.UniformResourceIdentifier else None


def _is_host_of(constraint: str, host: str | None) -> bool | None:
    """Of mail addresses and URIs: a constraint is one host, or with a dot before it all hosts below a domain."""
    if not host:
        return None
    return _is_host_below(host, constraint) if constraint.startswith(".") else host == constraint


def _is_host_below(host: str, domain: str) -> bool:
    return host.endswith(f".{domain.removeprefix('.')}")


def _host(uri: str) -> str | None:
    """The host of a URI; None of one without, which no constraint can be compared with (section 4.2.1.10)."""
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None
