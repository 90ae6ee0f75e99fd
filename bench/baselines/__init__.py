"""The sorters that are compared: docsorter, a script, a text sorter, and the limit."""
