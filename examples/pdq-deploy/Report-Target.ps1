# The last step of a PDQ Deploy package: a PowerShell step with this text. Steps run on the target, so each target reports
# itself; a digest or a throttle in the panel makes one mail of them.
# Set the steps before it to go on after an error, or this one is never reached when the installation fails: what counts
# here is not the exit code but which version the target has in the end.
$Url = 'https://panel.example.com'
$Token = 'ma_...'   # may report and nothing else: System > API tokens, "Report completions"
$Package = '7-Zip'
$Version = '24.08'

$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

$keys = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*',
        'HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\*'
$found = Get-ItemProperty -Path $keys -ErrorAction SilentlyContinue |
    Where-Object { $_.DisplayName -like "$Package*" } | Select-Object -First 1

$target = @{ name = $env:COMPUTERNAME }
if ($found -and "$($found.DisplayVersion)".StartsWith($Version)) {
    $target.outcome = 'success'
}
elseif ($found) {
    $target.outcome = 'failed'
    $target.detail = "Found version $($found.DisplayVersion)"
}
else {
    $target.outcome = 'failed'
    $target.detail = 'Not installed'
}

$report = @{
    kind        = 'deployment'
    source      = 'pdq'
    # The minute belongs to it: the same package may come to this target again.
    id          = "$Package-$Version-$env:COMPUTERNAME-$([DateTime]::UtcNow.ToString('yyyyMMddHHmm'))"
    name        = "$Package $Version to $env:COMPUTERNAME"
    package     = $Package
    version     = $Version
    finished_at = [DateTime]::UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'")
    targets     = @($target)
}
$body = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $report -Depth 4 -Compress))
$request = @{
    Method      = 'Post'
    Uri         = "$($Url.TrimEnd('/'))/api/v1/completions"
    Headers     = @{ Authorization = "Bearer $Token" }
    ContentType = 'application/json'
    Body        = $body
    TimeoutSec  = 30
}
foreach ($pause in 2, 4, 8, 16, 0) {
    try {
        Invoke-RestMethod @request | Out-Null
        break
    }
    catch {
        # An answer from 400 to 499 says what is wrong with the report: the same again would be refused again.
        $status = if ($_.Exception.Response) { [int] $_.Exception.Response.StatusCode } else { 0 }
        if ($pause -eq 0 -or ($status -ge 400 -and $status -lt 500)) {
            # Not thrown: a report that fails must not fail the deployment.
            Write-Warning "mailadmin took no report: $($_.Exception.Message)"
            break
        }
        Start-Sleep -Seconds $pause
    }
}
