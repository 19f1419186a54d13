"""The escape suite: an *outside* that counts whoever reaches it, and a program that tries every way there."""
