"""What continuous integration reads of a run: JUnit, Markdown, GitHub's annotations, and the comparison with an earlier run."""
