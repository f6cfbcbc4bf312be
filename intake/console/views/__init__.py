"""What the interface answers with, made from what the store holds. Pure."""
