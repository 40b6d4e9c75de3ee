"""Learning: from one's own chats."""
