"""The embedded proxy: asyncio, with Toxiproxy's HTTP API and its toxics, for machines without Toxiproxy. A process of its own."""
