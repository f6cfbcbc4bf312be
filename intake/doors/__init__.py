"""The only listeners: HTTP and SMTP, one way in behind both."""
