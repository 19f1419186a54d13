"""Reports of a run: the page, the summary, the terminal's table. All are pure functions of the journal and the verdicts."""
