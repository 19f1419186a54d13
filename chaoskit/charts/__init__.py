"""Charts over time as SVG, and the colours of every page: what the live console and the report draw with alike.

A chart is data; ``figure`` makes HTML of it, without script, style attribute or any file beside it. All text is escaped.
"""
