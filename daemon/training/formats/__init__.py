"""What messengers and their export tools write."""
