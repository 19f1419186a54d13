"""The proxy plane: typed toxics, Toxiproxy or the embedded proxy that speaks its API, and the driver that switches toxics."""
