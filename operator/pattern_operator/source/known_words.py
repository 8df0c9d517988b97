"""Words of the specifications: any other word of a registry is its own, and may be the credentials that it was sent."""

import re
from typing import Final

# What a registry may be quoted with where it names a type, a scheme or a coding: a word of the specifications. Any
# other word is its own, and may be the credentials that it was sent.
_PART: Final = "(artifact|chart|config|container|content|distribution|empty|flux|helm|image|index|layer|list|manifest)"
_WORDS: Final = re.compile(
    rf"application/(json|octet-stream|gzip|xml|x-tar|vnd\.(oci|docker|cncf)(\.{_PART}){{1,3}}\.v[12](\.tar)?"
    r"(\+(json|gzip|zstd|tar|prettyjws))?)|text/(html|plain)"
    r"|basic|bearer|digest|negotiate|ntlm|aws4-hmac-sha256|gzip|br|deflate|zstd|compress|aws-chunked",
    re.IGNORECASE,
)


def known_word(value: str, *, otherwise: str) -> str:
    """``value`` where it is a word of the specifications, else ``otherwise``."""
    return value if _WORDS.fullmatch(value) else otherwise
