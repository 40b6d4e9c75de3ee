"""Skills that need no model: timers, alarms, reminders, lists, the time, and orders to itself."""
