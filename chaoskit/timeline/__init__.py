"""When faults are on: windows, injections, and the immutable timeline that is asked, never told, what is active."""
