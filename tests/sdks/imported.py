"""Print the version of a distribution, once its module has been imported."""

import importlib
import json
import sys
from importlib.metadata import version

distribution, module = sys.argv[1:]
importlib.import_module(module)
json.dump(version(distribution), sys.stdout)
