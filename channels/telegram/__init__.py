"""Telegram chats with the intake's bot."""
