"""The files that pages load: one of JavaScript, one of CSS, and the icon. Read once, named by their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath
from typing import Final

from aiohttp import web

_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"  # another content has another name


@dataclass(frozen=True, slots=True)
class Asset:
    """A file: ``digest`` is put into the address of it."""

    content: bytes
    media_type: str
    digest: str


def load() -> Mapping[str, Asset]:
    """Read them all."""
    found = {}
    for each in (files("pattern_operator.console") / "static").iterdir():
        if (media_type := _TYPES.get(PurePath(each.name).suffix)) is not None:
            content = each.read_bytes()
            found[each.name] = Asset(content, media_type, hashlib.sha256(content).hexdigest()[:16])
    return found


def respond(assets: Mapping[str, Asset], request: web.Request) -> web.Response:
    """The file of the URL."""
    asset = assets.get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound
    kept = _FOR_EVER if request.query.get("v") == asset.digest else "no-cache"
    headers = {"Cache-Control": kept}
    return web.Response(body=asset.content, content_type=asset.media_type, charset="utf-8", headers=headers)
