"""patternctl as a person runs it: a process, with a home and a temporary directory of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import yaml
from tests.cli.preloaded import Preloaded
from tests.planted import assert_no_leak

PROGRAM = Path(sys.executable).parent / "patternctl"
ENDS_WITHIN = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, parsed."""
        return json.loads(self.out)

    @property
    def yaml(self) -> list[Any]:
        """The documents on standard output."""
        return list(yaml.safe_load_all(self.out))

    @property
    def items(self) -> list[Any]:
        """The objects of the List on standard output, in YAML or JSON."""
        (found,) = self.yaml
        assert (found["apiVersion"], found["kind"], list(found)) == ("v1", "List", ["apiVersion", "kind", "items"])
        items: list[Any] = found["items"]
        return items


@dataclass(frozen=True)
class Patternctl:
    """``patternctl("render", path)``; no command ever ends in a traceback or shows a secret, whatever it is given."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object, **streams: Any) -> Done:
        """Run to the end; ``streams`` may say what stdin and stdout are instead."""
        found = self._run(*arguments, **streams) if self._needs_interpreter else self._fork(*arguments, **streams)
        assert_no_leak({f"standard error of patternctl {arguments}": found.err})
        if "render" not in arguments:  # which prints the objects, and of what there is in them everything
            assert_no_leak({f"standard output of patternctl {arguments}": found.out})
        assert "Traceback" not in found.err, found.err
        assert "Exception ignored" not in found.err, found.err
        return found

    @property
    def _needs_interpreter(self) -> bool:
        """Whether anything is given that Python itself, or OpenSSL, reads when it starts."""
        return any(name.startswith(("PYTHON", "LC_", "LANG", "SSL_")) for name in self.variables)

    def _run(self, *arguments: object, stdin: Any = subprocess.DEVNULL, stdout: Any = subprocess.PIPE) -> Done:
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.home,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
            timeout=ENDS_WITHIN,
        )
        return Done(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())

    def _fork(self, *arguments: object, stdin: Any = None, stdout: Any = None) -> Done:
        with Path(os.devnull).open("rb") as nothing, TemporaryFile() as out, TemporaryFile() as err:
            given = (stdin or nothing, stdout or out, err)
            streams = [each if isinstance(each, int) else each.fileno() for each in given]
            code = preloaded().run(
                [*map(str, arguments)],
                environment=self.environment,
                directory=self.home,
                streams=streams,
                seconds=ENDS_WITHIN,
            )
            out.seek(0)
            err.seek(0)
            return Done(code, out.read().decode(), err.read().decode())

    @staticmethod
    def command(*arguments: object) -> list[str]:
        """The words of the command line."""
        return [str(PROGRAM), *map(str, arguments)]

    @property
    def environment(self) -> dict[str, str]:
        """The machine's, without what would lead to the clusters and registries of whoever runs the tests."""
        kept = {name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "DOCKER_CONFIG")}
        return {**kept, "HOME": str(self.home), "TMPDIR": str(self.temporary), **self.variables}

    @property
    def temporary(self) -> Path:
        """Where it keeps what it needs for as long as it runs."""
        path = self.home / "tmp"
        path.mkdir(exist_ok=True)
        return path

    def log_in(self, host: str, *, name: str, password: str) -> None:
        """Write what `docker login` writes."""
        config = {"auths": {host: {"username": name, "password": password}}}
        (self.home / ".docker").mkdir(exist_ok=True)
        (self.home / ".docker" / "config.json").write_text(json.dumps(config))


@cache
def preloaded() -> Preloaded:
    """The process that commands of this worker are forked from."""
    return Preloaded()


def read_terminal(terminal: int) -> str:
    """All that was written to a terminal that nobody writes to any more."""
    text = b""
    try:
        while chunk := os.read(terminal, 65536):
            text += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    return text.decode()
