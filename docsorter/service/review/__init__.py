"""What people do with documents that wait for them, and everything their screen needs."""
