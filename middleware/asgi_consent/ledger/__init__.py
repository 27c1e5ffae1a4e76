"""What visitors decided, kept so that it can be proved: records, their chain, their stores."""
