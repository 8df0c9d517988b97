"""``python -m pattern_operator.cli`` is patternctl."""

import sys

from pattern_operator.cli import main

sys.exit(main())
