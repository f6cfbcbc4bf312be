"""Who is at the desk: passwords, second factors, the identity provider, and browsers' sessions."""
