"""The bytes of a JSON body, refused before they are read where that is possible."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from notifications.api.chunks import BrokenChunks, TooLarge, is_chunked, read_chunks
from notifications.api.errors import ApiError


def json_body(request: HttpRequest) -> bytes:
    """Raises ApiError with 400, 411, 413 or 415."""
    check_type(request)
    if is_chunked(request) and not request.headers.get("Content-Length"):
        return chunked_body(request)
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
    # A charset makes no difference (RFC 8259, section 11): the bytes say which one it is.
    if request.content_type != "application/json":
        raise ApiError(415, "unsupported_type", "Send JSON, with the header Content-Type: application/json.")


def chunked_body(request: HttpRequest) -> bytes:
    try:
        return read_chunks(request, settings.API_BODY_LIMIT)
    except TooLarge as error:
        raise too_large() from error
    except BrokenChunks as error:
        raise ApiError(
            400, "incomplete", "The body broke off before its last chunk, or its chunks are malformed."
        ) from error


def declared_length(request: HttpRequest) -> int:
    declared = request.headers.get("Content-Length", "")
    if not declared:
        raise ApiError(411, "length_required", "Send a body, with its Content-Length or in chunks.")
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
