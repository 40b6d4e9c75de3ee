"""Sound in and out: devices, microphone, player, echo, routing, files."""
