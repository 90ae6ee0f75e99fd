"""The folders of a workspace, and what a running daemon writes there for others."""
