from tests.conftest import *  # noqa
from tests.e2e.conftest import *  # noqa
