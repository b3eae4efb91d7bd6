"""Where facts are kept: objects by digest, bundles, archives."""
