"""The pieces of a bundle: plain Python, the neutral notebook, models, schema, SBOM, provenance, README, assembly."""
