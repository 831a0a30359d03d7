"""Scripts that put the promises of reliability to the test: ``python -m eval.reliability COMMAND``.

Each counts, prints one line and ends with exit code 1 when the promise does not hold. Their
short forms are in ``tests/test_reliability.py``. They need Linux (``/proc``, ``unshare``).
"""
