"""The local stack: one process that plays AWS for the same handlers that are deployed."""
