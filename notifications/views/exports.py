"""What every list has in common when it leaves as a file."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from notifications.forms.filters import FilterForm
from notifications.models import AuditEvent

Filter = TypeVar("Filter", bound=FilterForm)
Export = Callable[[Filter], HttpResponseBase]
View = Callable[[HttpRequest], HttpResponseBase]


def export_of(page: str, form_class: type[Filter], what: str = "") -> Callable[[Export[Filter]], View]:
    """Makes a view of what turns a valid filter of the list `page` into a file.

    A filter that cannot be read leads back to the list, which says why. Who took what along is in the audit, where the
    file is called `what`, or as its page.
    """

    def decorate(export: Export[Filter]) -> View:
        @require_safe
        @wraps(export)
        def view(request: HttpRequest) -> HttpResponseBase:
            form = form_class(request.GET)
            if not form.is_valid():
                return redirect(f"{reverse(page)}?{request.GET.urlencode()}")
            taken = f"{what or page}, {form.words or 'all of them'}"
            AuditEvent.record(AuditEvent.Action.LIST_EXPORTED, taken, by=request.user)
            return export(form)

        return view

    return decorate
