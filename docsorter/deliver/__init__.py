"""Delivery: safe names, destinations, sidecars, and moves of bytes that survive any kill."""
