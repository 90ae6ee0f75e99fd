"""Training on answers: snapshot, training, gate, candidate and promotion."""
