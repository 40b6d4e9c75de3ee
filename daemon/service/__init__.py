"""Being a service: what the service manager is told, doctor, installation."""
