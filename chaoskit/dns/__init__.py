"""The DNS plane: a name server whose chosen records can be blanked, bent or delayed on a schedule."""
