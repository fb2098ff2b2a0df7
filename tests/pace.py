"""How fast this machine is, for tests that hold a program to a time."""

import time


def pace() -> float:
    """How many times slower plain Python is here than where 300,000 additions take 17 ms; at least 1."""
    seconds = []
    for _ in range(5):
        begin = time.process_time()
        total = 0.0
        for i in range(300_000):
            total += i * 0.5
        seconds.append(time.process_time() - begin)
    return max(1.0, min(seconds) / 0.017)
