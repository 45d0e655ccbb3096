"""What the gateway is to do and does not yet: no cases, so not counted; `run_suite.py --list` shows it."""

PENDING: dict = {}
