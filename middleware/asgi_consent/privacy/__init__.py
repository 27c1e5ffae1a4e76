"""Personal data in the names and values of cookies and storage, however it is written."""
