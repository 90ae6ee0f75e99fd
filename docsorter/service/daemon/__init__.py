"""The daemon and the pipeline that takes one document from the inbox to its folder."""
