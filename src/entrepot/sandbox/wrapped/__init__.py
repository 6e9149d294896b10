"""What faults are put around: connections, gateways, rules."""
