"""What answers: the history, the language models, and the cutting of tokens into sentences."""
