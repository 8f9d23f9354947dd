"""What is predicted, kept, asked and searched with."""
