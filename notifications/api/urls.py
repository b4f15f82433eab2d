from django.urls import URLPattern, URLResolver, include, path, re_path

from notifications.api import completions, messages, notifications
from notifications.api.auth import ApiTokenAuth
from notifications.api.docs import docs
from notifications.api.edges import at_the_edge, nothing_here
from notifications.api.errors import install
from notifications.api.openapi import DocumentedAPI
from notifications.models import Scope

api = DocumentedAPI(
    title="mailadmin",
    version="1",
    description="Report what was deployed, and follow the emails about it.",
    # What names no scope needs more than the right to report.
    auth=ApiTokenAuth(Scope.MANAGE),
    docs_url=None,
    urls_namespace="api",
)
api.add_router("", completions.router)
api.add_router("", messages.router)
api.add_router("", notifications.router)
install(api)

patterns, app, namespace = api.urls
edged = [at_the_edge(pattern) for pattern in patterns]
urlpatterns: list[URLPattern | URLResolver] = [
    path("docs", docs, {"api": api}, name="api-docs"),
    path("", include((edged, app), namespace)),
    # The same with a final slash: a redirect would take the body away from a POST.
    *[path(f"{each.pattern}/", each.callback) for each in edged if isinstance(each, URLPattern) and str(each.pattern)],
    re_path(r"^", nothing_here),  # without an end: `.*$` would stop at a %0A
]
