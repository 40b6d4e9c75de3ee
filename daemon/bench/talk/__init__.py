"""How well a brain talks: questions with answers that can be checked."""
