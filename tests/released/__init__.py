"""What every released version has left behind: a consent token, a ledger, a settings file."""
