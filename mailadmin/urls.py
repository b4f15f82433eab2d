from django.urls import URLPattern, URLResolver, include, path

from notifications.views import health, home, mail_server, sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", home.home, name="home"),
    path("theme/", home.theme, name="theme"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("mail-server/", mail_server.page, name="mail-server"),
    path("mail-server/probes/", mail_server.page, name="probes"),
    path("api/v1/", include("notifications.api.urls")),
]
