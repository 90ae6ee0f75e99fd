"""The ways to sort documents that are compared: docsorter, a script, a text sorter, the limit."""
