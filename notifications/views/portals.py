"""Addresses of the pages in Microsoft's portals that the setup guides name."""

from dataclasses import dataclass

# The Entra admin center of a cloud by its portal; elsewhere the portal shows the same pages.
ADMIN_CENTERS = {"portal.azure.com": "entra.microsoft.com", "portal.azure.us": "entra.microsoft.us"}
MICROSOFT_365 = {
    "portal.azure.com": "admin.microsoft.com",
    "portal.azure.us": "portal.office365.us",
    "portal.azure.cn": "portal.partner.microsoftonline.cn",
}
APP = "#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~"


@dataclass(frozen=True)
class Portal:
    """Links into one cloud's portal; empty where an operator's addition names none."""

    host: str
    client_id: str = ""

    @property
    def registrations(self) -> str:
        return self._page("#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade")

    @property
    def authentication(self) -> str:
        return self._page_of_app("Authentication")

    @property
    def permissions(self) -> str:
        return self._page_of_app("CallAnAPI")

    @property
    def secrets(self) -> str:
        return self._page_of_app("Credentials")

    @property
    def service_principals(self) -> str:
        return self._page("#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview")

    @property
    def admin_center(self) -> str:
        return f"https://{MICROSOFT_365[self.host]}/" if self.host in MICROSOFT_365 else ""

    def _page_of_app(self, blade: str) -> str:
        """The app's own page once its ID is saved; until then the list that it is opened from."""
        return self._page(f"{APP}/{blade}/appId/{self.client_id}") if self.client_id else self.registrations

    def _page(self, fragment: str) -> str:
        return f"https://{ADMIN_CENTERS.get(self.host, self.host)}/{fragment}" if self.host else ""
