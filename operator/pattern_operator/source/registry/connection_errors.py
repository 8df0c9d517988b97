"""A request that got no answer, or half of one, as an error of the product: names, connections, TLS, addresses.

Nothing that the other side, or the system, says is repeated but what is known to name no address.
"""

import errno
import os
import ssl
from typing import Final

import aiohttp

from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.quote import one_line
from pattern_operator.source.registry.network import AddressRefused

_SHOWN: Final = 120  # bytes of what the TLS library says
_OF_THIS_HOST: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM})
_HEALED_BY_TIME: Final = frozenset({9, 10})  # OpenSSL: X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


def from_connection_error(error: Exception, *, context: str, host: str = "") -> PatternError:
    """The error for a request that got no answer, or half of one; ``host`` is where the registry sent us, if it did."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _distrusted(error.certificate_error, context=context)
    if isinstance(error, aiohttp.ClientSSLError):
        return _no_tls(error.os_error, context=context)
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
        return _address_refused(context, host=host)
    own = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(own, OSError) and own.errno in _OF_THIS_HOST:
        return _cannot_connect(own, context=context)
    sent = f"the registry sent us to {host}, and " if host else ""
    if isinstance(error, TimeoutError):
        why = "it did not answer in time"
    elif isinstance(error, aiohttp.ClientConnectorDNSError):
        why = "it cannot be reached (its name cannot be looked up)"
    elif isinstance(error, aiohttp.ClientConnectorError):
        why = f"it cannot be reached ({_why(error.os_error)})"
    elif isinstance(error, UnicodeError | aiohttp.InvalidURL):
        why = "it cannot be reached (its name does not exist in DNS)"
    else:
        why = f"the connection broke ({_broken(error)})"
    return Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=f"{context}: {sent}{why}; it is retried later.")


def _broken(error: Exception) -> str:
    """How a connection ended in the middle of an answer, without words of the other side."""
    match error:
        case aiohttp.ServerDisconnectedError():
            return "the other side closed it before it answered"
        case aiohttp.ClientPayloadError():
            return "the answer ended early"
        case aiohttp.ClientResponseError():
            return "the answer is not HTTP"
        case OSError():
            return _why(error)
    return "for an unknown reason"


def _why(error: OSError) -> str:
    """What the system says of an address that does not answer, without the address: it may be one of the cluster's."""
    return os.strerror(error.errno) if error.errno else "the system gives no reason"


def _cannot_connect(error: OSError, *, context: str) -> Transient:
    """The registry was not even tried: what a connection needs is used up here."""
    return Transient(
        reason=Reason.OPERATOR_BUSY,
        message=f"{context}: no connection can be made from here ({_why(error)}), so the registry was not asked; it is"
        " retried later. If this persists, look at this host's open files and ports, not at the registry.",
    )


def _address_refused(context: str, *, host: str) -> Transient:
    if host:
        return Transient(
            reason=Reason.ADDRESS_REFUSED,
            message=f"{context}: the registry sends us to {host}, whose address is private, link-local or loopback, or "
            "otherwise less public than the registry's own: it is not followed. Let the registry name a public host.",
        )
    return Transient(
        reason=Reason.ADDRESS_REFUSED,
        message=f"{context}: the registry's address is not a public one, and the operator connects to no other "
        "(--registry-network=Public): use a registry on the internet, or ask who runs the operator.",
    )


def _distrusted(refusal: Exception, *, context: str) -> PatternError:
    if isinstance(refusal, ssl.SSLCertVerificationError) and refusal.verify_code in _HEALED_BY_TIME:
        return Transient(  # nobody would change the spec for it
            reason=Reason.TLS_FAILED,
            message=f"{context}: {one_line(refusal.verify_message, _SHOWN)}: who runs the registry must renew it,"
            " unless a clock is wrong; it is retried later.",
        )
    why = one_line(str(getattr(refusal, "verify_message", "")) or type(refusal).__name__, _SHOWN)
    return Stalled(
        reason=Reason.TLS_FAILED,
        message=f"{context}: the registry's certificate was refused ({why}): it must be for this host and from a "
        "known authority. A registry without TLS needs source.insecure: true.",
    )


def _no_tls(error: OSError, *, context: str) -> PatternError:
    said = one_line(str(error), _SHOWN)
    if isinstance(error, ssl.SSLError) and "_ALERT_" in (error.reason or ""):  # the other side speaks TLS, and says no
        return Transient(
            reason=Reason.TLS_FAILED,
            message=f"{context}: the registry ended the TLS handshake ({said}); it is retried later.",
        )
    return Stalled(
        reason=Reason.TLS_FAILED,
        message=f"{context}: there is no TLS ({said}): a registry that speaks plain http needs source.insecure: true.",
    )
