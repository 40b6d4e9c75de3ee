"""Whom it knows by their voice."""
