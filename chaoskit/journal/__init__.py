"""The journal: one append-only stream of typed events, and pure views of it.

Verdicts, reports and dashboards read the journal and nothing else, so a stored run can be judged again.
"""
