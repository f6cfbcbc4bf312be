"""What came with a message, brought to the desk: told apart by its bytes, pictures drawn anew."""
