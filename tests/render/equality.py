"""What helm and kustomize print themselves beside what ``patternctl render`` prints, each made comparable.

Both are read as kubectl reads them. What patternctl adds is taken for equal: the namespace that ``-n`` fills in where
none is written. What it leaves out, hooks that are no objects of an installation, is left out of helm's own output.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from tests.cli.program import Done, Patternctl
from tests.testbed.paths import BIN

from pattern_operator.api.artifact import File
from pattern_operator.render.document import read

NAMESPACE = "shop"
RELEASE = "web"
_INSTALLED = ("pre-install", "post-install", "pre-upgrade", "post-upgrade")

Tree = Mapping[str, str | bytes]


def laid_out(folder: Path, tree: Tree) -> Path:
    """The files of ``tree`` in ``folder``, which is made."""
    for path, content in tree.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def program(home: Path) -> Patternctl:
    """patternctl, for whom helm and kustomize are on PATH."""
    home.mkdir(exist_ok=True)
    return Patternctl(home, {"PATH": f"{BIN}:/usr/bin:/bin"})


def helm(chart: Path, *flags: str) -> list[dict[str, Any]]:
    """What ``helm template`` prints: the objects that an installation makes."""
    bodies = _bodies(_output("helm", "template", RELEASE, str(chart), "-n", NAMESPACE, "--include-crds", *flags))
    return [body for body in bodies if _is_installed(body)]


def kustomize(folder: Path) -> list[dict[str, Any]]:
    """What ``kustomize build`` prints."""
    return list(_bodies(_output("kustomize", "build", str(folder))))


def refusal(name: str, *words: str) -> str:
    """What the program itself says on standard error when it fails."""
    done = subprocess.run([BIN / name, *words], env={"HOME": "/nonexistent"}, capture_output=True, check=False)
    assert done.returncode != 0
    return done.stderr.decode()


def comparable(bodies: list[dict[str, Any]]) -> list[str]:
    """Each object once, as canonical JSON, with the namespace filled in where that of ``-n`` was, sorted."""
    found = []
    for body in bodies:
        metadata = dict(body["metadata"])
        if metadata.get("namespace") == NAMESPACE:
            del metadata["namespace"]
        found.append(orjson.dumps({**body, "metadata": metadata}, option=orjson.OPT_SORT_KEYS).decode())
    return sorted(set(found))


def report(place: Path) -> list[dict[str, Any]]:
    """The rows of a report."""
    rows: list[dict[str, Any]] = json.loads(place.read_text())["components"]
    return rows


def assert_refused(done: Done) -> None:
    """A refusal as it is documented: its exit code, no object, and words that a person can read."""
    assert done.code not in (0, 2)
    assert done.out == ""
    assert 0 < len(done.err.encode()) < 20_000


def _is_installed(body: dict[str, Any]) -> bool:
    hook = (body["metadata"].get("annotations") or {}).get("helm.sh/hook")
    return hook is None or any(event.strip() in _INSTALLED for event in hook.split(","))


def _bodies(output: bytes) -> Iterator[dict[str, Any]]:
    for document in read(File("output.yaml", output)):
        yield from document.value["items"] if document.value["kind"].endswith("List") else [document.value]


def _output(name: str, *words: str) -> bytes:
    done = subprocess.run([BIN / name, *words], env={"HOME": "/nonexistent"}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def here() -> bool:
    """Whether both programs are built."""
    return all(shutil.which(name, path=str(BIN)) for name in ("helm", "kustomize"))
