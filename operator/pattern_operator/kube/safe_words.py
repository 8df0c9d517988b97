"""The words that rules are written with: they say nothing of an object, whoever writes them.

Of an answer about an object that nobody here knows whole, any other word may be a value that somebody else has put into
it, a pass phrase of plain words too.
"""

import re
from typing import Final

_WORDS: Final = """
a about above absent accept accepted accepts access account accounts across active add added additional admission after
again all allow allowed allowlist allows already also although always an and annotation annotations another any api
application applied apply approval approve approved are array as ask asked asks at attempt attempting audit auth author
automatic available away back base be because been before being belong belongs below between blocked body boolean both
bound busy but by called can cannot capabilities capability change changed changes character characters chars check
checks client closed cluster code column combination command condition conditions config configuration configured
conflict constraint constraints contact contain contained container containers contains controller conversion convert
could cpu create created creating creation credentials currently custom data day days declared decode default defined
delete deleted deleting deletion denied deny denylist deploy deployment describe description did different digest
digests disabled disallowed do documentation does done down due duplicate duration during each either element empty
enabled end enforce enforced enough entries entry environment equal error errors etcd evaluated event events ever every
exactly exceed exceeded exceeds except exist existing exists expected expression fail failed failing fails failure false
few field fields file finalizer finalizers find first follow following for forbidden format found freeze from frozen
further generate generation get given greater group groups guide had has have having header held help here hold holds
host hostname hour hours i id if ignored image images immutable in include included includes incorrect initial inside
instead integer internal into invalid is it item items its json keep keeps kept key keys kind kinds known label labels
larger last later latest least length less let lets level like limit limited limits line list load long longer longest
lower made maintenance make makes making managed manager many match matched matches matching maximum may mean means
media memory message meta metadata method might minimum minute minutes missing mode modified modify more most mount
mounts much multiple must mutation name named names namespace namespaces needed needs negative neither never new no node
nodes non none nor not nothing now null number object objects of off old on once one only open operation operator or
order other others out outside over overloaded own owned owner parameter parse patch path paths pattern patterns pending
per perform permission permissions permitted please pod pods policies policy port ports positive present prevent
privileged process prohibited property protected protocol provide provided quota range rate rbac read reason reasons
received reference references referred refused registry reject rejected rejects release remove removed replace replicas
request requested requests require required requires reserved resource resources response restricted result review
reviewed right rights role roles root rule rules run running said same say says schema scope second seconds secret
secrets security see selector server service services set sets setting shall shorter should signature signatures signed
since size smaller some soon sorry source spec specification specified specify start state status still stop stopped
storage strategy string strings subresource such supported sure tag tags taken target team teams template temporarily
temporary than that the their them then there these they this those though through ticket tickets time timeout to today
together tomorrow too tried true trusted try twice type types unable unavailable undefined under unique unknown unless
unlike unset unsigned unsupported until untrusted unused update updated updates upper use used user users uses using
valid validate validated validating validation value values verb verbs verification verified verify version versions via
violated violates violation violations volume volumes wait waiting was way webhook webhooks week weekend were what when
where whether which while who will window with within without words workload would write wrong yaml yes yet you your
"""
SAFE_WORDS: Final = frozenset(_WORDS.split())
_SMALL: Final = re.compile(r"[0-9]{1,3}%?")  # "at most 63 characters"; a PIN has more digits


def is_safe_word(core: str) -> bool:
    """Whether a word, without what stands around it, is one that rules are written with; or several with a ``/``."""
    parts = core.replace("-", "/").split("/")
    return bool(_SMALL.fullmatch(core)) or all(not part or part.lower() in SAFE_WORDS for part in parts)
