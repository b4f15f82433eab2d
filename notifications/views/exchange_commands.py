"""Exchange Online PowerShell to copy: Graph mode's app is limited to one mailbox, and OAuth2 mode's may use SMTP."""

import re

CONNECT = {
    "gcc-high": "Connect-ExchangeOnline -ExchangeEnvironmentName O365USGovGCCHigh",
    "dod": "Connect-ExchangeOnline -ExchangeEnvironmentName O365USGovDoD",
    "china": "Connect-ExchangeOnline -ExchangeEnvironmentName O365China",
}
# PowerShell takes the typographic ones for quotes, too.
QUOTES = re.compile("(['\u2018-\u201b])")
ROLES = """\
{connect}
$ObjectId = 'the Object ID under Enterprise applications'
New-ServicePrincipal -AppId {app} -ObjectId $ObjectId -DisplayName 'mailadmin'
New-ManagementScope -Name 'mailadmin sender' -RecipientRestrictionFilter {scope}
New-ManagementRoleAssignment -Name 'mailadmin Mail.Send' -App $ObjectId -Role 'Application Mail.Send' \
-CustomResourceScope 'mailadmin sender'
New-ManagementRoleAssignment -Name 'mailadmin Mail.ReadWrite' -App $ObjectId -Role 'Application Mail.ReadWrite' \
-CustomResourceScope 'mailadmin sender'
Test-ServicePrincipalAuthorization -Identity $ObjectId -Resource {sender} | Format-Table"""
POLICY = """\
{connect}
New-DistributionGroup -Name 'mailadmin senders' -Type Security -Members {sender}
New-ApplicationAccessPolicy -AppId {app} -PolicyScopeGroupId 'mailadmin senders' -AccessRight RestrictAccess \
-Description 'mailadmin sends from here only'
Test-ApplicationAccessPolicy -AppId {app} -Identity {sender}"""

SMTP_AUTH = """\
{connect}
Set-CASMailbox -Identity {mailbox} -SmtpClientAuthenticationDisabled $false
Get-CASMailbox -Identity {mailbox} | Format-List SmtpClientAuthenticationDisabled"""


def roles_commands(cloud: str, client_id: str, sender: str) -> str:
    """RBAC for Applications. `sender` is an address alone."""
    scope = quoted(f"PrimarySmtpAddress -eq {quoted(sender)}")
    return ROLES.format(connect=connect(cloud), app=quoted(client_id), scope=scope, sender=quoted(sender))


def policy_commands(cloud: str, client_id: str, sender: str) -> str:
    """The application access policy that RBAC for Applications replaces."""
    return POLICY.format(connect=connect(cloud), app=quoted(client_id), sender=quoted(sender))


def smtp_auth_commands(cloud: str, mailbox: str) -> str:
    """SMTP AUTH for the one mailbox that signs in."""
    return SMTP_AUTH.format(connect=connect(cloud), mailbox=quoted(mailbox))


def connect(cloud: str) -> str:
    return CONNECT.get(cloud, "Connect-ExchangeOnline")


def quoted(text: str) -> str:
    """As PowerShell and Exchange's filters take it literally."""
    return "'" + QUOTES.sub(r"\1\1", text) + "'"
