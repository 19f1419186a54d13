"""Real resolvers, measured."""
