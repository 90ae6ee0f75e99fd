"""The folders of a workspace and what of its state is seen from outside."""
