"""Exit 0 if the process in this container says of itself that it is well; else say what it said."""

from __future__ import annotations

import http.client
import sys


def main(port: int) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        body = answer.read(4096).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return f"no answer on port {port}: {error}"
    return None if answer.status == 200 else body


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
