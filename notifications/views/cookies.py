"""What one browser prefers, kept there: it holds before anybody is signed in, and on that screen alone."""

from django.http import HttpRequest, HttpResponse

YEAR = 60 * 60 * 24 * 365


def keep(request: HttpRequest, answer: HttpResponse, name: str, value: str) -> None:
    """An empty value forgets it."""
    if value:
        answer.set_cookie(name, value, max_age=YEAR, samesite="Lax", httponly=True, secure=request.is_secure())
    else:
        answer.delete_cookie(name, samesite="Lax")
