"""The simulator: policies played in virtual time, by the same rules that real processes are watched under."""
