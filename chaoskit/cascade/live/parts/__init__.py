"""The parts of a cascade, one file each: a frozen dataclass of the part's settings with a method ``play``."""
