"""What we say in other languages than English: gettext catalogues, one folder a language."""
