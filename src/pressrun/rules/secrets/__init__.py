"""Which texts are secrets: token shapes as data, values in assignments, credentials in URLs, exact live values."""
