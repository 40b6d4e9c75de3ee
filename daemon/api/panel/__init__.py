"""The page in the browser: sees the conversation, types to it, changes it."""
