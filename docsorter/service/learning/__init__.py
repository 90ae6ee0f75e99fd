"""Learning from answers: the snapshot that is learned from, the candidate, and its way into use."""
