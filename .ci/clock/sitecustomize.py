"""Shifts the clock of every Python process that has this folder in its PYTHONPATH, by SHIFTED_CLOCK seconds.

A process cannot do without: the server of the tests, its workers and the command line are processes of their own. The
embedded PostgreSQL keeps the machine's clock, which nobody asks: the house's rules forbid statements that would.
"""

import os
import time

if os.environ.get("SHIFTED_CLOCK"):
    import time_machine

    time_machine.travel(time.time() + float(os.environ["SHIFTED_CLOCK"])).start()
