"""What needs torch (the extra `train`) is collected only where it is installed."""

from importlib.util import find_spec

collect_ignore = (
    []
    if find_spec("torch")
    else ["moderation/training/network.py", "tests/training/test_network.py"]
)
