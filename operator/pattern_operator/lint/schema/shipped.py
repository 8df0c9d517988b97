"""The schemas that the package has with it: of each version of Kubernetes, reduced by ``tools/kube_schemas.py``.

Where each comes from, and its checksums, is in ``kubernetes/provenance.json``.
"""

import gzip
from importlib.resources import files
from typing import Any, Final, Literal, get_args

import orjson

Version = Literal["1.35", "1.36", "1.37"]
VERSIONS: Final[tuple[Version, ...]] = get_args(Version)
LATEST: Final[Version] = VERSIONS[-1]
_FOLDER: Final = "kubernetes"


def load(version: Version) -> dict[str, Any]:
    """What ``openapi.reduced`` made of the OpenAPI of this version; takes some 20 ms."""
    content = files(__package__).joinpath(_FOLDER, f"{version}.json.gz").read_bytes()
    loaded: dict[str, Any] = orjson.loads(gzip.decompress(content))
    return loaded
