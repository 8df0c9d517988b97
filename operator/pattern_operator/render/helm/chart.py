"""A chart as a tree: its own files, and the charts in its ``charts/`` folder, packaged ones unpacked.

Source: Helm 4, ``pkg/chart/v2/loader`` (``LoadFiles``: which files are of a chart, which of those below it;
``LoadArchiveFiles``: a packaged chart is a tar of one folder).
"""

import gzip
import io
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from pattern_operator.api.artifact import File
from pattern_operator.archive.unpack import entries
from pattern_operator.limits import MAX_CHART, MAX_CHART_DEPTH, MAX_CHART_FILES
from pattern_operator.quote import quoted
from pattern_operator.render.helm.metadata import ChartMetadata, chart_invalid, read_metadata

PACKAGE: Final = ".tgz"
TEMPLATES: Final = "templates/"
_CHARTS: Final = "charts/"
_IGNORE: Final = ".helmignore"
FOLDER: Final = "chart"  # a chart lies in it, whatever the artifact calls it: no name becomes an argument


@dataclass(slots=True)
class _Budget:
    """How much of a chart is unpacked so far, with all that is packaged in it."""

    where: str
    files: int = 0
    size: int = 0

    def take(self, path: str, size: int) -> bool:
        """Count a file in; raises Stalled."""
        del path
        self.files, self.size = self.files + 1, self.size + size
        if self.files > MAX_CHART_FILES or self.size > MAX_CHART:
            raise chart_invalid(
                self.where,
                f"with the charts in it, it has more than {MAX_CHART_FILES} files or {MAX_CHART} bytes",
                "Split it",
            )
        return True


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. ``files`` are its own, by their paths in it; ``charts`` those in ``charts/``, by the name there."""

    metadata: ChartMetadata
    files: dict[str, File] = field(repr=False)
    charts: "Mapping[str, Chart]"
    package: bytes = field(default=b"", repr=False)  # what it was unpacked from, where it was

    @classmethod
    def read(cls, files: Sequence[File], path: str) -> Self:
        """Read the chart at ``path`` of an artifact: a folder, "." for the root, or a package.

        Raises:
            Stalled: CHART_INVALID, ARCHIVE_REFUSED, and what reading Chart.yaml raises.
        """
        budget = _Budget(where=path)
        package = next((each for each in files if each.path == path and path.endswith(PACKAGE)), None)
        if package is not None:
            unpacked = _unpacked(package.content, where=path, budget=budget)
            inside = [each for each in unpacked if each.path != _IGNORE]  # which helm reads in folders only
            return cls._of(inside, where=path, budget=budget, depth=0)
        below = "" if path == "." else f"{path}/"
        inside = [File(each.path[len(below) :], each.content) for each in files if each.path.startswith(below)]
        for each in inside:
            budget.take(each.path, len(each.content))
        return cls._of(inside, where=path, budget=budget, depth=0)

    @classmethod
    def _of(cls, files: Sequence[File], *, where: str, budget: _Budget, depth: int) -> Self:
        if depth > MAX_CHART_DEPTH:
            raise chart_invalid(budget.where, f"charts lie in it more than {MAX_CHART_DEPTH} deep", "Take some out")
        own: dict[str, File] = {}
        below: dict[str, list[File]] = {}
        for each in files:
            name, inside, rest = each.path.removeprefix(_CHARTS).partition("/")
            if not each.path.startswith(_CHARTS) or _is_no_chart(name, inside):
                own[each.path] = each
            else:
                below.setdefault(name, []).append(File(rest, each.content))
        charts = {
            name: cls._below(name, found, where=f"{where}/{_CHARTS}{name}", budget=budget, depth=depth + 1)
            for name, found in sorted(below.items())
        }
        return cls(read_metadata(own, where=where), own, charts)

    @classmethod
    def _below(cls, name: str, files: list[File], *, where: str, budget: _Budget, depth: int) -> Self:
        """A chart in ``charts/``."""
        if not name.endswith(PACKAGE):
            return cls._of(files, where=where, budget=budget, depth=depth)
        package = files[0].content
        unpacked = _unpacked(package, where=where, budget=budget)
        return replace(cls._of(unpacked, where=where, budget=budget, depth=depth), package=package)

    def walk(self, above: str = "") -> "Iterator[tuple[str, Chart]]":
        """This chart and all below it, each with the path that helm has for its files: ``web/charts/db``."""
        path = f"{above}{self.metadata.name}"
        yield path, self
        for each in self.charts.values():
            yield from each.walk(f"{path}/{_CHARTS}")

    def templates(self) -> dict[str, bytes]:
        """The content of each template, of this chart and of all below it, by the path that helm has for it."""
        return {
            f"{above}/{path}": each.content
            for above, chart in self.walk()
            for path, each in chart.files.items()
            if path.startswith(TEMPLATES)
        }

    def evaluated(self) -> Iterator[bytes]:
        """The content of each file in which helm runs actions, of this chart and of all below it."""
        for _, chart in self.walk():
            yield from (each.content for path, each in chart.files.items() if _is_evaluated(path))

    def layout(self, change: Callable[[bytes], bytes] | None = None) -> tuple[File, ...]:
        """The files as helm is given them, below one folder of a fixed name; the content of each as ``change`` has it.

        What is not changed is given byte for byte, packages too.
        """
        return tuple(File(f"{FOLDER}/{each.path}", each.content) for each in self._laid_out(change)[0])

    def _laid_out(self, change: Callable[[bytes], bytes] | None) -> tuple[list[File], bool]:
        """The files, and whether any is changed."""
        made, any_changed = list[File](), False
        for path, each in self.files.items():
            content = change(each.content) if change is not None and _is_evaluated(path) else each.content
            any_changed = any_changed or content is not each.content
            made.append(File(path, content))
        for name, chart in self.charts.items():
            inside, changed = chart._laid_out(change)
            any_changed = any_changed or changed
            if name.endswith(PACKAGE):
                made.append(File(f"{_CHARTS}{name}", _packaged(inside) if changed else chart.package))
            else:
                made += (File(f"{_CHARTS}{name}/{each.path}", each.content) for each in inside)
        return made, any_changed


def _is_evaluated(path: str) -> bool:
    """Whether helm runs the actions in a file; in values they may be meant for somebody else."""
    return path.startswith(TEMPLATES)


def _is_no_chart(name: str, inside: str) -> bool:
    """Whether helm takes it for no chart: a file such as README.md, a signature, what begins with . or _."""
    return name.startswith((".", "_")) or bool(inside) == name.endswith(PACKAGE)


def _unpacked(content: bytes, *, where: str, budget: _Budget) -> list[File]:
    """The files of a packaged chart, without the folder that they lie in."""
    context = f"the packaged chart {quoted(where)}"
    found = entries(io.BytesIO(content), size=len(content), context=context, wants=budget.take)
    return [File(path.partition("/")[2], body) for path, body in found if "/" in path]


def _packaged(files: Sequence[File]) -> bytes:
    """A packaged chart, the same bytes for the same files."""
    made = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=made, mode="wb", mtime=0, compresslevel=1) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for each in files:
            entry = tarfile.TarInfo(f"{FOLDER}/{each.path}")
            entry.size = len(each.content)
            tar.addfile(entry, io.BytesIO(each.content))
    return made.getvalue()
