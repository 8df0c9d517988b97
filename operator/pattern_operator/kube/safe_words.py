"""The words that rules are written with: they say nothing of an object, whoever writes them.

Of an answer about an object that nobody here knows whole, any other word may be a value that somebody else has put into
it, a pass phrase of plain words too.
"""

import re
from typing import Final

_WORDS: Final = """
a about above absent accept accepted accepts access account accounts across active add added additional admission after
again all allow allowed allows already also always an and annotation annotations another any api application apply
applied approval approve approved are array as ask asked asks at attempt attempting audit auth author automatic
available away back base be because been before being below between blocked body boolean both bound but by called can
cannot capabilities capability change changed changes character characters chars check checks client cluster code column
combination command condition conditions config configuration configured conflict constraint constraints contact contain
contained container containers contains controller conversion convert could cpu create created creating creation
credentials custom data decode declared default defined delete deleted deleting deletion denied deny deploy deployment
describe description did different disabled disallowed do does done down due duplicate duration during each either
element empty enabled end enforce enforced entries entry environment equal error errors etcd evaluated event events
every exactly exceed exceeded exceeds except exist existing exists expected expression fail failed failing fails failure
false field fields file finalizer finalizers find first follow following for forbidden format found from further
generate generation get given greater group groups had has have having header host hostname i id if ignored image images
immutable in include included includes incorrect initial instead integer internal into invalid is it item items its json
key keys kind kinds known label labels larger last latest least length less level limit limits line list load long
longer longest lower made managed manager match matched matches matching maximum may media memory message meta metadata
method minimum missing mode modified modify more most mount mounts multiple must mutation name named names namespace
namespaces needed needs negative neither new no node nodes non none nor not nothing null number object objects of off
old on once one only operation operator or order other others out over own owned owner parameter parse patch path paths
pattern patterns pending per perform permission permissions permitted please pod pods policies policy port ports
positive present prevent privileged process prohibited property protected protocol provide provided quota range rbac
read reason reasons received reference references referred refused registry reject rejected rejects release remove
removed replace replicas request requested requests require required requires reserved resource resources response
restricted result right rights role roles root rule rules run running same schema scope secret secrets security see
selector server service services set sets setting shorter should size smaller some source spec specification specified
specify start state status storage strategy string strings subresource such supported sure taken target team teams
template than that the their them then there these they this those through ticket tickets time timeout to together too
tried true try type types unable undefined under unique unknown unless unset unsupported until update updated updates
upper use used user users uses using valid validate validated validating validation value values verb verbs verification
verified verify version versions via violated violates violation violations volume volumes was way webhook webhooks were
what when where whether which while who will with within without words workload would write wrong you your yaml
"""
SAFE_WORDS: Final = frozenset(_WORDS.split())
_SMALL: Final = re.compile(r"[0-9]{1,3}%?")  # "at most 63 characters"; a PIN has more digits


def is_safe_word(core: str) -> bool:
    """Whether a word, without what stands around it, is one that rules are written with; or several with a ``/``."""
    parts = core.replace("-", "/").split("/")
    return bool(_SMALL.fullmatch(core)) or all(not part or part.lower() in SAFE_WORDS for part in parts)
