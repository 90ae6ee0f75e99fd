"""`docsorter review`: the full screen of whoever decides, and the same line by line."""
