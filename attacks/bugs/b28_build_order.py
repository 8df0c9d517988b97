# fleet#5410/#5808: builds of one version, `_up1.0.10` after `_up1.0.9`
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.source.semver.range import SemverRange
got = {r: SemverRange(r).choose(tags).tag for r, tags in {"109.x": ["109.0.1_up1.0.9", "109.0.1_up1.0.10"], "109.0.1": ["109.0.1_up1.0.2"], "109.0.1+up1.0.2": ["109.0.1_up1.0.2", "109.0.1_up1.0.9"], ">=109.0.0": ["108.0.0_up9", "109.0.1_up1.0.2", "x"]}.items()}
print(got)
verdict(got["109.x"] == "109.0.1_up1.0.10" and got["109.0.1"] == "109.0.1_up1.0.2" and got["109.0.1+up1.0.2"] == "109.0.1_up1.0.2", "the newest build is not chosen, or a build that is named is not")
