"""The headers that every response has: nothing of another host is loaded, run or framed, and nothing is kept.

Source: Content Security Policy Level 3, Trusted Types, Fetch Metadata and the OWASP "HTTP Headers" cheat sheet.
"""

from typing import Final

from aiohttp import web

# ``live`` is the one policy of live.js: what it takes is a part of a page that this server has rendered and escaped.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types live",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Put them on (aiohttp's ``on_response_prepare``); what is cached says so itself, all else is not."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Server"] = "pattern-operator"
