"""What is known about services: who they are, and how to recognise them."""
