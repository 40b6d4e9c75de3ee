"""What speaks: text to speech in English and Mandarin, and the player that is the clock."""
