"""The OpenAPI document: what ninja writes, with what clients and linters need besides."""

from typing import Any

from django.conf import settings
from ninja import NinjaAPI

Document = dict[str, Any]

TAGS = {
    "completions": "What deployment tools report, and what was understood.",
    "messages": "What became of an email, for each recipient and attempt.",
    "notifications": "Who gets which emails.",
}
# In the document's order; each error has the shape of ErrorBody.
ERRORS = {
    400: "The body is not JSON, or broke off.",
    401: "No valid token: it is missing, unknown, revoked or expired.",
    403: "The token may not do this, or not report for this source.",
    404: "There is nothing with this ID.",
    409: "Another report with this source and ID is on record; this one is kept as refused.",
    411: "The body has neither a Content-Length nor chunks.",
    412: "The notification was changed since the version in If-Match.",
    413: "The body is larger than 8 MiB.",
    415: "The body is not application/json, or is compressed.",
    422: "The body does not fit the schema; `fields` says where.",
    429: "Too many failed sign-ins of this address, or too many reports with this token.",
    503: "The database is busy or out of reach. Nothing was stored.",
}
RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
}
CHALLENGE = {"WWW-Authenticate": {"description": "RFC 6750, section 3.", "schema": {"type": "string"}}}
HEADERS = {401: CHALLENGE, 429: RETRY_AFTER, 503: RETRY_AFTER}


class DocumentedAPI(NinjaAPI):
    def get_openapi_schema(self, **options: Any) -> Any:
        document: Document = super().get_openapi_schema(**options)
        document["info"] |= {
            "contact": {"name": "The administrators of this panel", "url": settings.PUBLIC_URL},
            "license": {"name": "For the users of this panel", "url": f"{settings.PUBLIC_URL}/api/v1/docs"},
        }
        document["servers"] = [{"url": settings.PUBLIC_URL, "description": "This panel"}]
        document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
        for operation in (each for methods in document["paths"].values() for each in methods.values()):
            for status, response in operation["responses"].items():
                response |= error(int(status))
        return document


def error(status: int) -> Document:
    """What is added to a response of this status; nothing for a success."""
    if status not in ERRORS:
        return {}
    headers = {"headers": HEADERS[status]} if status in HEADERS else {}
    return {"description": ERRORS[status], **headers}
