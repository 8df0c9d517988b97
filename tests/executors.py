"""The pools of threads that tests hand in where a part asks for them."""

from typing import Final

from pattern_operator.executors import Executors, Threads

EXECUTORS: Final = Executors(
    disk=Threads("disk", size=2),
    cpu=Threads("cpu", size=2),
    names=Threads("names", size=2),
    conditions=Threads("conditions", size=2),
    checks=Threads("health-checks", size=2),
)
