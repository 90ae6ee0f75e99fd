"""The data report: what is in a folder of labelled documents, before it is learned from."""
