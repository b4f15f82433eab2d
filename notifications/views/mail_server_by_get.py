"""Addresses below the Mail Server page that only take what its forms post."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

View = Callable[..., HttpResponse]


def or_mail_server(view: View, mode: str = "") -> View:
    """`view`, and the page itself for a GET, which is what a reload after a sign-in makes of a post.

    Other methods are the view's to refuse. `mode` is the card to show, unless the address names one.
    """

    @wraps(view)
    def either(request: HttpRequest, **named: Any) -> HttpResponse:
        if request.method != "GET":
            return view(request, **named)
        card = named.get("mode", mode)
        return redirect(f"{reverse('mail-server')}{f'?mode={card}' if card else ''}")

    return either
