"""The plane of processes: faults that pause, kill or restart a client, or pause the machine behind a service."""
