"""The live console: one page in a browser that shows a server or a run as it goes, and lets its operator act.

``board`` is what is known, moved on by each event; ``pages`` serves it; ``static`` holds the page itself, which loads nothing from any
other host.
"""
