"""A system of services, queues, retries and capacities: written in a dozen lines of YAML, played event by event, as a fluid, and as a
Markov chain."""
