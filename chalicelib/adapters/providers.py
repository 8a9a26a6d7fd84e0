"""What a provider's error says about the message: certainly not taken, or nobody knows.

    connection never made, credentials missing, throttled       Busy        harmless to repeat, for as long as it takes
    refused with 4xx                                            NotTaken    harmless to repeat
    sent, then a timeout, a broken connection or a 5xx          Unanswered  may have been taken

Clients of providers make one attempt (no retries of the SDK's own), so one error speaks of one call.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
)

from chalicelib.domain.errors import Busy, NotTaken, Unanswered

#: Too many requests, and who we are: statuses and codes that speak of us, not of a message (SES API v2, SendEmail and
#: Common Errors; SNS API, Publish; End User Messaging SMS v2, SendTextMessage).
_BUSY = frozenset({401, 403, 429})
_BUSY_CODES = frozenset(
    {
        "AccountSuspendedException", "LimitExceededException", "SendingPausedException", "Throttled",
        "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequestsException",
        "ServiceQuotaExceededException", "ExpiredToken", "ExpiredTokenException",
    }
)  # fmt: skip
_NEVER_CONNECTED = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)


@contextmanager
def calling() -> Iterator[None]:
    """Run one call to a provider."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        busy = status in _BUSY or error.response["Error"].get("Code") in _BUSY_CODES
        raise (Busy() if busy else NotTaken() if 400 <= status < 500 else Unanswered()) from error
    except _NEVER_CONNECTED as error:
        raise Busy from error
    except (HTTPClientError, ReadTimeoutError) as error:
        raise Unanswered from error
    except BotoCoreError as error:  # credentials, parameters: found before anything was sent
        raise Busy from error
