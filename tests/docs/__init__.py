"""What the documents tell a user to type is typed."""
