"""Where things lie in a clone, so that no other module counts parent directories."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests" / "testbed" / "programs"
STATE = ROOT / ".testbed"
BIN = STATE / "bin"
