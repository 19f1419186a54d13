"""EC2's placement in front of moto: instances are launched only onto droplets (physical hosts) whose lease is held."""
