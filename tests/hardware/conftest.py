"""What is too slow to run each time is run when asked for."""

import os

collect_ignore = [] if os.environ.get("DIGITAL_LIFE_SLOW_TESTS") else ["test_bench.py"]
