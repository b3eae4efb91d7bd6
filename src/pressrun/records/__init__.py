"""What things are: frozen typed records, one file a subject. Import them from their own module."""
