"""The list of patterns as it is asked for in a URL: filtered, sorted and one page of it. Pure, and total for any query.

What is asked for stands in the URL, so that it survives a reload and can be sent to somebody.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self
from urllib.parse import urlencode

from pattern_operator.api.fields import MAX_NAME
from pattern_operator.kube import TableRow

PAGE_SIZE: Final = 50  # rows: under 60 kB of HTML, and more than a person reads
MAX_PAGES: Final = 1_000
READY: Final = ("True", "False", "Unknown")
SUSPENDED: Final = "Suspended"
MAX_MESSAGE: Final = 256  # characters of a message that the list shows, and looks for words in
SORTS: Final = ("name", "namespace", "ready", "status", "version", "created")
_WORST_FIRST: Final = {"False": 0, "Unknown": 1, "": 1, "True": 2}


@dataclass(frozen=True, slots=True)
class PatternRow:
    """A pattern as the list shows it. ``ready`` is True, False or Unknown; ``resource_version`` changes with it."""

    namespace: str
    name: str
    resource_version: str
    created: str
    ready: str
    status: str
    version: str
    digest: str
    url: str
    signers: str
    suspended: bool
    message: str

    @classmethod
    def of(cls, row: TableRow) -> Self:
        """Read the printer columns of the CRD (``api.crd``); one that is missing is empty."""
        cells = row.cells
        ready = cells.get("Ready", "")
        return cls(
            namespace=row.namespace,
            name=row.name,
            resource_version=row.version,
            created=row.created,
            ready=ready if ready in READY else "Unknown",
            status=cells.get("Status", ""),
            version=cells.get("Version", ""),
            digest=cells.get("Digest", ""),
            url=cells.get("URL", ""),
            signers=cells.get("Verified by", ""),
            suspended=cells.get("Suspended", "") == "true",
            message=cells.get("Message", "")[:MAX_MESSAGE],
        )


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; each filter that is empty filters nothing.

    ``q`` is looked for in names, status, URL and message; ``namespace`` is one; ``ready`` is one of ``READY`` or
    ``SUSPENDED``; ``version`` and ``digest`` are the beginnings of it; ``signer`` is one of who signed.
    """

    q: str = ""
    namespace: str = ""
    ready: str = ""
    version: str = ""
    digest: str = ""
    signer: str = ""
    sort: str = "namespace"
    descending: bool = False
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read the query of a URL; what it cannot mean is as if it were not there."""
        texts = {name: query.get(name, "").strip()[:MAX_NAME] for name in ("q", "namespace", "version", "digest")}
        ready, sort, page = query.get("ready", ""), query.get("sort", ""), query.get("page", "")
        return cls(
            **texts,
            ready=ready if ready in (*READY, SUSPENDED) else "",
            signer=query.get("signer", "").strip()[:MAX_NAME],
            sort=sort.removeprefix("-") if sort.removeprefix("-") in SORTS else "namespace",
            descending=sort.startswith("-") and sort.removeprefix("-") in SORTS,
            page=min(int(page), MAX_PAGES) if page.isascii() and page.isdecimal() and 0 < len(page) < 9 else 1,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return any((self.q, self.namespace, self.ready, self.version, self.digest, self.signer))

    @property
    def url(self) -> str:
        """The query of a URL, with its question mark; empty where all is as it is by itself."""
        asked: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        asked["sort"] = ("-" if asked.pop("descending") else "") + self.sort
        defaults = {"sort": "namespace", "page": 1}
        kept = {name: value for name, value in asked.items() if value and value != defaults.get(name)}
        return f"?{urlencode(kept)}" if kept else "?"

    def sorted_by(self, column: str) -> Self:
        """The same, sorted by this column; the other way round where it is so already. It begins at its first page."""
        turned = column == self.sort and not self.descending
        return replace(self, sort=column, descending=turned, page=1)

    def at_page(self, page: int) -> Self:
        """The same, at another page."""
        return replace(self, page=page)


@dataclass(frozen=True, slots=True)
class PatternPage:
    """One page: ``rows`` from number ``first`` on, of ``found`` that the query finds among ``known`` patterns.

    ``counts`` are those of the patterns that are found, by ``ready``.
    """

    rows: tuple[PatternRow, ...]
    query: Query
    first: int
    found: int
    known: int
    counts: Mapping[str, int]

    @property
    def pages(self) -> int:
        """How many pages there are; one at least."""
        return max(1, -(-self.found // PAGE_SIZE))


def select(rows: Iterable[PatternRow], query: Query) -> PatternPage:
    """The page that ``query`` asks for; of one behind the last one, the last one."""
    known = list(rows)
    found = [row for row in known if _matches(row, query)] if query.is_filtered else known
    found = sorted(found, key=_KEYS[query.sort], reverse=query.descending)
    page = min(query.page, max(1, -(-len(found) // PAGE_SIZE)))
    first = (page - 1) * PAGE_SIZE
    return PatternPage(
        rows=tuple(found[first : first + PAGE_SIZE]),
        query=query.at_page(page),
        first=first + 1,
        found=len(found),
        known=len(known),
        counts=Counter(row.ready for row in found),
    )


_KEYS: Final = {
    "name": lambda row: (row.name, row.namespace),
    "namespace": lambda row: (row.namespace, row.name),
    "ready": lambda row: (_WORST_FIRST[row.ready], row.namespace, row.name),
    "status": lambda row: (row.status, row.namespace, row.name),
    "version": lambda row: (row.version, row.namespace, row.name),
    "created": lambda row: (row.created, row.namespace, row.name),
}


def _matches(row: PatternRow, query: Query) -> bool:
    """Whether all filters let it pass; the cheapest are asked first."""
    return (
        (not query.namespace or row.namespace == query.namespace)
        and (not query.ready or (row.suspended if query.ready == SUSPENDED else row.ready == query.ready))
        and row.version.startswith(query.version)
        and row.digest.startswith(query.digest.removeprefix("sha256:")[:12])
        and (not query.signer or query.signer in row.signers.split(", "))
        and (not query.q or _has_words(row, query.q.lower().split()))
    )


def _has_words(row: PatternRow, words: list[str]) -> bool:
    text = f"{row.namespace}/{row.name} {row.status} {row.version} {row.url} {row.message}".lower()
    return all(word in text for word in words)
