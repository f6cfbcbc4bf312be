"""The only SQL and the only transactions."""

from sqlalchemy import Connection as Connection
