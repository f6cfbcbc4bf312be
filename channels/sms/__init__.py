"""Text messages and WhatsApp through Twilio Programmable Messaging."""
