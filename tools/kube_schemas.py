"""Write the schemas that ``patternctl lint`` has with it, or with --check say what is stale of what is here.

The OpenAPI of a release is in the Go module k8s.io/kubernetes of its tag (``api/openapi-spec/swagger.json``, and the
values of enums in ``pkg/generated/openapi``), which the checksum database of Go vouches for: its ``h1`` is pinned here.
``--check`` asks no network: what was written must have its checksum, and what of the modules is in the module cache
must reduce to the same.

python -m tools.kube_schemas [--check]
"""

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from tools.go_enums import with_enums

from pattern_operator.lint.schema.openapi import reduced
from pattern_operator.lint.schema.shipped import VERSIONS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "operator" / "pattern_operator" / "lint" / "schema" / "kubernetes"
PROVENANCE = FOLDER / "provenance.json"
MODULE = "k8s.io/kubernetes"
SPEC = "api/openapi-spec/swagger.json"
SOURCE = "pkg/generated/openapi/zz_generated.openapi.go"
# Tag and checksum (go.sum) of the release that stands for each version.
RELEASES: Final = {
    "1.35": ("v1.35.4", "h1:o/8dBC/pHVpYoGV4OAIytAlNPZbdYVTXJHoYvXC4qzM="),
    "1.36": ("v1.36.3", "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o="),
    "1.37": ("v1.37.2", "h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE="),
}
MOST: Final = 1_500_000  # bytes of all of them together


def made(folder: Path) -> bytes:
    """The reduced schemas of the module in ``folder``, as they are stored before compression."""
    swagger = with_enums(orjson.loads((folder / SPEC).read_bytes()), (folder / SOURCE).read_text())
    return orjson.dumps(reduced(swagger), option=orjson.OPT_SORT_KEYS)


def module_folder(tag: str, checksum: str) -> Path:
    """The folder of the module, which ``go`` fetches where it is not there.

    Raises:
        SystemExit: it cannot be had, or is another one.
    """
    command = ["go", "mod", "download", "-json", f"{MODULE}@{tag}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    told: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    if told.get("Sum") != checksum:
        raise SystemExit(f"{MODULE} {tag} cannot be had, or is not what its checksum says: {told.get('Error', '')}")
    return Path(told["Dir"])


def cached_folder(tag: str) -> Path | None:
    """The folder of the module in the module cache, None where it is not in it."""
    try:
        where = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return None
    folder = Path(where) / f"{MODULE}@{tag}"
    return folder if (folder / SPEC).exists() and (folder / SOURCE).exists() else None


def write() -> None:
    """Write the schemas of all versions, and where they come from."""
    said = {}
    for version in VERSIONS:
        tag, checksum = RELEASES[version]
        folder = module_folder(tag, checksum)
        content = made(folder)
        (FOLDER / f"{version}.json.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        said[version] = {
            "module": f"{MODULE}@{tag}",
            "moduleSum": checksum,
            "files": {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in (SPEC, SOURCE)},
            "reducedSha256": hashlib.sha256(content).hexdigest(),
        }
    PROVENANCE.write_text(json.dumps(said, indent=2) + "\n")
    print(f"wrote {FOLDER.relative_to(ROOT)}")


def stale() -> Iterator[str]:
    """What is not as it should be, a sentence each."""
    said = json.loads(PROVENANCE.read_text())
    for version in VERSIONS:
        content = gzip.decompress((FOLDER / f"{version}.json.gz").read_bytes())
        if hashlib.sha256(content).hexdigest() != said[version]["reducedSha256"]:
            yield f"the schemas of {version} are not those of provenance.json"
        folder = cached_folder(RELEASES[version][0])
        if folder is not None and made(folder) != content:
            yield f"the schemas of {version} are stale: python -m tools.kube_schemas writes them"
    if sum(path.stat().st_size for path in FOLDER.glob("*.gz")) > MOST:
        yield f"the schemas have more than {MOST} bytes"


def main(arguments: list[str]) -> int:
    """Write, or with --check compare."""
    if "--check" not in arguments:
        write()
        return 0
    found = list(stale())
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
