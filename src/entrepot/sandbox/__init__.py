"""The sandbox: faults on demand, a clock that can be set, a way back to the beginning, and a partner to ask."""
