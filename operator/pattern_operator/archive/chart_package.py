"""A packaged chart: a tar of one folder, of which helm reads every file, whatever the ``.helmignore`` in it says.

``helm package`` applied that file already, and writes the charts of ``charts/`` out as folders beside it: applied once
more, it would take files out of them. Source: Helm 4, ``pkg/chart/v2/loader`` (``LoadArchiveFiles`` knows no rules,
``LoadDir`` does), ``pkg/registry/constants.go`` (``ChartLayerMediaType``).
"""

from typing import Final

_LAYER: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_NAME: Final = ".tgz"
_IGNORE: Final = ".helmignore"


def is_chart_package(media_type: str, title: str) -> bool:
    """Whether a layer is one: ``helm push`` says so by its type, other tools by the name of the file they pushed."""
    return media_type == _LAYER or title.endswith(_NAME)


def is_ignore_file(path: str) -> bool:
    """Whether a file of a packaged chart is the ``.helmignore`` of that chart, which helm reads in folders only."""
    folder, _, name = path.partition("/")
    return bool(folder) and name == _IGNORE
