"""The bytes of a JSON body, refused before they are read where that is possible."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from notifications.api.errors import ApiError


def json_body(request: HttpRequest) -> bytes:
    """Raises ApiError with 400, 411, 413 or 415."""
    check_type(request)
    length = declared_length(request)
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise too_large() from error
    except UnreadablePostError as error:
        raise incomplete() from error
    if len(body) < length:
        raise incomplete()
    return body


def check_type(request: HttpRequest) -> None:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ApiError(415, "unsupported_encoding", "Send the body as it is: no Content-Encoding is taken.")
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if request.content_type != "application/json" or charset not in ("utf-8", "utf8"):
        raise ApiError(415, "unsupported_type", "Send JSON, with the header Content-Type: application/json.")


def declared_length(request: HttpRequest) -> int:
    declared = request.headers.get("Content-Length", "")
    if not declared:
        raise ApiError(411, "length_required", "Send a body with its Content-Length; chunks are not taken.")
    if not declared.isascii() or not declared.isdigit():
        raise ApiError(400, "invalid_length", "The Content-Length is not a number.")
    # Compared by length first: a number of 5,000 digits is one that int() refuses.
    if len(declared) > 15 or int(declared) > settings.API_BODY_LIMIT:
        raise too_large()
    return int(declared)


def too_large() -> ApiError:
    limit = settings.API_BODY_LIMIT // 1024**2
    return ApiError(413, "too_large", f"The body is larger than {limit} MiB. Shorten the targets' details.")


def incomplete() -> ApiError:
    return ApiError(400, "incomplete", "The body broke off before its Content-Length.")
