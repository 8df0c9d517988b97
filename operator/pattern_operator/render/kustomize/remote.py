"""Which paths kustomize takes for something to fetch, and never for a local one.

Source: kustomize 5.8, ``api/internal/loader/fileloader.go`` (``IsRemoteFile``) and ``api/internal/git/repospec.go``
(``NewRepoSpecFromURL``). A folder called ``github.com/org/base`` is a repository for kustomize, whatever lies there;
one called ``host.com/x`` is a folder.
"""

import re
from typing import Final

_HTTP: Final = re.compile(r"https?:", re.IGNORECASE)  # net/url reads the scheme of http:name, too
_FORCED: Final = "git::"
_SCHEMES: Final = ("ssh://", "https://", "http://", "file://")
_FILE: Final = "file://"
_USER: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*@")
_GITHUB: Final = ("github.com/", "github.com:")
_SEGMENTS: Final = 2  # owner and name, where nothing else says where the path of a repository ends


def is_remote_file(path: str) -> bool:
    """Whether kustomize would ask a web server for the file."""
    return _HTTP.match(path) is not None


def is_repository(path: str) -> bool:
    """Whether kustomize would clone it with git."""
    if path.startswith("/"):
        return False
    rest = path.partition("?")[0]
    if rest.lower().startswith(_FORCED):
        rest = rest[len(_FORCED) :]
    scheme = next((each for each in _SCHEMES if rest.lower().startswith(each)), "")
    rest = rest[len(scheme) :]
    user = match[0] if (match := _USER.match(rest)) else ""
    rest = rest[len(user) :]
    if scheme == _FILE:
        return _has_repository(user + rest, segments=1)
    is_github = rest.lower().startswith(_GITHUB)
    if not scheme and not user and not is_github:
        return False
    host, rest = _split_host(rest, colon=not scheme)
    return (bool(host) or is_github) and _has_repository(rest, segments=_SEGMENTS)


def is_fetched(path: str) -> bool:
    """Whether it is the one or the other."""
    return is_remote_file(path) or is_repository(path)


def _split_host(rest: str, *, colon: bool) -> tuple[str, str]:
    end, mark = rest.find("/"), rest.find(":")
    if colon and (end == -1 or 0 < mark < end):
        end = mark
    return (rest, "") if end < 0 else (rest[: end + 1], rest[end + 1 :])


def _has_repository(path: str, *, segments: int) -> bool:
    """Whether the path of a repository can be told from the path in it."""
    place = path.find("_git/")
    if place >= 0:
        return not _leads_out("/".join(path[place + len("_git/") :].split("/")[1:]))
    if (place := path.find("//")) >= 0:
        return place > 0 and not _leads_out(path[place + 2 :])
    if (place := path.find(".git")) >= 0:
        return not _leads_out(path[place + len(".git") :])
    parts = path.split("/")
    if segments == 1:
        return bool(path)
    return len(parts) >= segments and "/".join(parts[:segments]) != "" and not _leads_out("/".join(parts[segments:]))


def _leads_out(path: str) -> bool:
    depth = 0
    for part in path.strip("/").split("/"):
        depth += -1 if part == ".." else 1 if part not in ("", ".") else 0
        if depth < 0:
            return True
    return False
