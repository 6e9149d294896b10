"""Figures of this machine: orders over HTTP beside the same writes done by pgbench, as ratios within one run.

Only the ratios mean something elsewhere. Loads take turns in rounds, so that a slow moment of the machine meets all.
"""
