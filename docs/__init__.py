"""What is written for people, and what writes it."""
