"""Policies: read strictly, merged so that they only tighten, and asked about facts."""
