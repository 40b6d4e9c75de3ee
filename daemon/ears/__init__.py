"""What hears: the microphone, the end of a turn, and Whisper."""
