"""Route 53's control plane as AWS documents it, in place of moto's: record sets, change batches, throttles, propagation."""
