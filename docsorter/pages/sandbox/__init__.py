"""What shuts a child in: resource limits, capabilities, Landlock and a seccomp filter.

Everything goes through `ctypes`, works without root, and says so where the kernel lacks it.
"""
