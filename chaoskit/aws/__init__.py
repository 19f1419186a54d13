"""The mock AWS: moto behind a TLS front that keeps connections alive and journals every request."""
