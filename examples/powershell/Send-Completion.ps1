<#
.SYNOPSIS
Reports a completion to mailadmin. For Windows PowerShell 5.1 and PowerShell 7.

.EXAMPLE
$targets = @(
    @{ name = 'PC-001'; outcome = 'success' }
    @{ name = 'PC-002'; outcome = 'failed'; detail = 'exit code 1603' }
)
.\Send-Completion.ps1 -Source 'scripts' -Id '12345' -Name '7-Zip 24.08 to Lab' -Targets $targets
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Source,
    # Good for ever: with the source it names this completion. Sent twice, it is answered twice and mailed once.
    [Parameter(Mandatory)] [string] $Id,
    [Parameter(Mandatory)] [string] $Name,
    [ValidateSet('deployment', 'schedule')] [string] $Kind = 'deployment',
    [hashtable[]] $Targets = @(),
    # Package, version, schedule, user, url, outcome, started_at or finished_at.
    [hashtable] $More = @{},
    [string] $Url = $env:MAILADMIN_URL,
    [string] $Token = $env:MAILADMIN_TOKEN
)
$ErrorActionPreference = 'Stop'
# Windows PowerShell 5.1 on older systems offers TLS 1.0 alone.
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

$report = @{ kind = $Kind; source = $Source; id = $Id; name = $Name; targets = @($Targets) } + $More
$json = ConvertTo-Json -InputObject $report -Depth 4 -Compress
$request = @{
    Method      = 'Post'
    Uri         = "$($Url.TrimEnd('/'))/api/v1/completions"
    Headers     = @{ Authorization = "Bearer $Token" }
    ContentType = 'application/json'
    # As bytes: a string would be sent as Latin-1 by Windows PowerShell.
    Body        = [Text.Encoding]::UTF8.GetBytes($json)
    TimeoutSec  = 30
}
foreach ($pause in 2, 4, 8, 16, 0) {
    try {
        return Invoke-RestMethod @request
    }
    catch {
        # An answer from 400 to 499 says what is wrong with the report: the same again would be refused again.
        $status = if ($_.Exception.Response) { [int] $_.Exception.Response.StatusCode } else { 0 }
        if ($pause -eq 0 -or ($status -ge 400 -and $status -lt 500)) { throw }
        Start-Sleep -Seconds $pause
    }
}
