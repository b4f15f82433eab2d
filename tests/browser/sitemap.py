"""Every page there is, by the name of its route. `{word}` is something of `lived_in`: there on a full panel only."""

# Whoever is signed in as an administrator may open these.
PAGES: dict[str, tuple[str, ...]] = {
    "dashboard": ("/dashboard/",),
    "health": ("/health/",),
    "mail-server": ("/mail-server/", "/mail-server/?mode=oauth2", "/mail-server/?mode=graph"),
    "active-mode": ("/mail-server/active-mode/?mode=graph",),
    "oauth-callback": ("/mail-server/oauth/callback?code=x&state=y",),
    "oauth-disconnection": ("/mail-server/oauth/disconnection/",),
    "guide": ("/guides/microsoft-oauth2/", "/guides/google-oauth2/", "/guides/microsoft-graph/"),
    "test-email": ("/mail-server/test-emails/{sending}/",),
    "notifications": ("/notifications/",),
    "notification-new": ("/notifications/new/",),
    "notification": ("/notifications/{notification}/",),
    "notification-delete": ("/notifications/{notification}/delete/",),
    "simulator": ("/notifications/simulator/", "/notifications/simulator/?completion={completion}"),
    "deliveries": (
        "/deliveries/",
        "/deliveries/?state=exploded",
        "/deliveries/?text=nothing+like+this",
    ),
    "bulk-jobs": ("/deliveries/bulk-jobs/?do=resend&all=on&state=failed", "/deliveries/bulk-jobs/?do=cancel&all=on"),
    "bulk-job": ("/deliveries/bulk-jobs/{job}/",),
    "delivery": tuple(f"/deliveries/{{{state}}}/" for state in ("sent", "partly", "failed", "waiting", "sending")),
    "delivery-cancellation": ("/deliveries/{waiting}/cancellation/",),
    "completions": ("/completions/", "/completions/?text=nothing+like+this"),
    "completion-new": ("/completions/new/",),
    "completion": ("/completions/{completion}/", "/completions/{schedule}/"),
    "report-conflicts": ("/completions/conflicts/",),
    "safety": ("/safety/",),
    "inbox": ("/inbox/",),
    "inbox-clear": ("/inbox/clear/",),
    "inbox-mail": ("/inbox/{caught}/",),
    "audit": ("/audit/", "/audit/?who=nobody+like+this"),
    "account": ("/account/",),
    "people": ("/people/",),
    "person": ("/people/{person}/", "/people/{self}/"),
    "person-deactivation": ("/people/{person}/deactivation/",),
    "tokens": ("/tokens/",),
    "token-limits": ("/tokens/{token}/limits/",),
    "token-revocation": ("/tokens/{token}/revocation/",),
    "api-docs": ("/api/v1/docs",),
    "a page that is not there": ("/nothing/",),
}
# For those who are not signed in.
OUTSIDE = {
    "sign-in": ("/sign-in/", "/sign-in/?next=/audit/"),
    "invitation": ("/invitation/over/",),
    "setup": ("/setup/over/",),
    "oauth-callback": ("/mail-server/oauth/callback?code=x&state=y",),
    "provider-sign-in-callback": ("/sign-in/provider/callback/?error=access_denied",),
}
# Shown once, after a click or a restore: a test of its own makes them.
ONCE = {"token", "invitation-made", "restoration", "restoration-decision"}
NO_PAGES = {
    "healthz": "JSON",
    "readyz": "JSON",
    "home": "leads to the dashboard",
    "provider-sign-in": "leads to the provider",
    "mail-server-basic": "leads to the page",
    "mail-server-oauth2": "leads to the page",
    "mail-server-graph": "leads to the page",
    "permission-checks": "leads to the page",
    "oauth-consents": "leads to the page",
    "oauth-answers": "leads to the page",
    "test-emails": "leads to the page",
    "mail-state": "a part of every page",
    "probes": "leads to the page",
    "notification-previews": "leads to the form, whose preview is looked at there",
    "notification-trials": "leads to the form",
    "notification-test-emails": "leads to the form",
    "notification-tests": "leads to the simulator",
    "notifications-csv": "a file",
    "deliveries-csv": "a file",
    "deliveries-recipients-csv": "a file",
    "completions-csv": "a file",
    "audit-csv": "a file",
    "delivery-eml": "a file",
    "inbox-eml": "a file",
    "delivery-content": "somebody's mail",
    "inbox-content": "somebody's mail",
}


def paths(known: dict[str, str]) -> list[str]:
    """Those that there are with what is `known`."""
    every = [path for each in PAGES.values() for path in each]
    return [path.format(**known) for path in every if "{" not in path or known]
