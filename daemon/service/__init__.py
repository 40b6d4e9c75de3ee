"""Being a service: what the service manager is told, the control socket, doctor, installation."""
