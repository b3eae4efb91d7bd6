"""What one can ask for: one file a verb. The only room that joins the others."""
