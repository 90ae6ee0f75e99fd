"""What a person may say of a document."""
