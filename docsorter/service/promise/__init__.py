"""What may be promised of documents sorted without a person, and the evidence for it."""
