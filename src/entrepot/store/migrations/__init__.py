"""Alembic's environment and the migrations, in `versions/NNNN_what.py`, where NNNN is the revision."""
