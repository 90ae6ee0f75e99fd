"""The upkeep of a workspace: verify, repair, backup, restore, forget, maintain, doctor."""
