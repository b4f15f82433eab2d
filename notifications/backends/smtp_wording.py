"""What servers write into a reply when the code alone does not say whom it concerns.

A list of words is never complete, and need not be: what nothing here matches is `Fault.UNCLEAR`, and the engine
learns from other emails whether it concerns them as well. Collected from public reports and from the error pages of Amazon SES,
SendGrid, Mailgun, Postmark, SparkPost, Brevo, Zoho, Yahoo, Gmail, Exchange Online, GMX, QQ, Postfix, Exim (cPanel),
Sendmail, qmail, hMailServer, MailEnable, SmarterMail, Mimecast and Proofpoint.
"""

import re


def any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.I)


NOT = r"(?:not|n['’]?t|never|un)\s?(?:been |be |yet |currently |a |an |the |one of |in )*"
# The server itself says that the same email may be accepted soon.
HEALS = any_of(
    r"\btemporar(?:y|ily)\b",
    r"\bgr[ae]y-?list",
    r"\btry (?:it |this |sending |your message |the message )?(?:again|later)",
    r"\b(?:retry|resend|come back)\b.{0,20}\b(?:later|in|after|minutes?)\b",
    r"\b(?:server|system|service) (?:is )?(?:too )?busy",
)
TEMPORARY_FAILURE = any_of(r"\btemporar(?:y|ily)\b")

ENCRYPTION_REQUIRED = any_of(
    r"\b(?:must|need to|has to|have to|should|please) (?:first )?(?:issue|use|start|send|do|enable|run)\b.{0,20}\b(?:start)?tls\b",
    r"\b(?:starttls|tls|ssl|encryption|encrypted|secure(?:d)?)\b(?: (?:connection|session|channel|transport|command))?"
    r"(?: (?:is|are|has to be|must be))?(?: first)? (?:required|needed|mandatory|necessary|enforced)",
    r"\brequires? (?:an? )?(?:encrypt|secure|tls|ssl|starttls)",
    r"\b(?:plain ?text|unencrypted|insecure) (?:connection|session|authentication|login)s? (?:is|are) (?:not|no longer)",
)
HELO_REJECTED = any_of(
    r"\b(?:helo|ehlo)\b.{0,60}\b(?:reject|invalid|bad|denied|refused|not|need|requires?|must|forged|mismatch|unknown|fail)",
    r"\b(?:reject|invalid|bad|denied|wrong|forged|unknown|improper|illegal)\w*\b.{0,30}\b(?:helo|ehlo)\b",
    r"\b(?:access denied|need).{0,30}\b(?:fully[- ]qualified host ?name|fqdn)\b.{0,20}\b(?:helo|ehlo|client|your)",
)
# "polite people say HELO first" and its kind is about the order of commands, not about the name.
HELO_MISSING = any_of(r"\b(?:send|say|issue|expected|need)\w*\b.{0,15}\b(?:helo|ehlo)\b.{0,15}\bfirst", r"bad sequence")

SIGN_IN_REQUIRED = any_of(
    r"\bauth(?:entication|entication credentials)? (?:is |are )?(?:required|needed|mandatory|first|necessary)",
    r"\b(?:smtp )?auth(?:entication)? is (?:required|needed)",
    r"\b(?:must|need to|have to|has to|should|please) (?:first )?(?:be )?(?:authenticate|log ?-?(?:ged)? ?in|sign ?in|use smtp auth)",
    r"\brequires? (?:smtp )?(?:auth|log ?in|a login|you to authenticate)",
    r"\b(?:client|sender|user|session|connection)?\s?(?:was |is |has )?not (?:been |yet )?(?:authenticated|logged in)",
    r"\bnot logged in\b",
    r"\bunauthenticated (?:client|sender|user|session|connection)s?\b.{0,30}\b(?:not|denied|rejected)",
    r"\b(?:turn on|enable|activate|use|check|configure)\b.{0,20}\b(?:smtp[- ]?auth|smtp authentication|outgoing server authentication)",
    r"\bproper authentication required",
    r"\bwithout (?:prior )?authentication\b",
    r"\banonymous (?:client|user|sender|access|mail)s?\b.{0,30}\b(?:not|denied|disabled)",
    r"\brelay not permitted without\b",
)
# Exchange: the mailbox takes email from senders inside its organization only. And DMARC calls a domain unauthenticated.
RECIPIENT_RESTRICTS = any_of(
    r"RESOLVER\.RST",
    r"\bSenderNotAuthenticatedForMailbox",
    r"\bdelivery restriction",
    r"\bnot (?:allowed|permitted|authori[sz]ed) to send (?:e-?mail |mail |messages? )?to\b",
    r"\b(?:restricted|closed|moderated) (?:recipient|group|list|mailbox)",
    r"\bonly accepts? (?:e-?mail|mail|messages?) from\b",
    r"\ballowed[- ]senders? list",
    r"\brecipient(?:'s)? (?:address )?(?:does not|doesn't|has not|refuses|rejects|blocks|blocked)",
)
DOMAIN_POLICY = any_of(r"\bdmarc\b", r"\bspf\b", r"\bdkim\b", r"\bunauthenticated e?-?mail\b")

ACCOUNT = any_of(
    r"\b(?:your|sender'?s?|sending|smtp|customer|client|this|the) ?(?:smtp |user |mail |e-?mail |sending )?"
    r"(?:account|user|domain|subscription|service|organi[sz]ation|tenant|plan|trial|company|profile)\b.{0,40}"
    r"\b(?:suspend|disabled|deactivat|inactive|not (?:yet |been )*activ|not (?:yet |been )*(?:approved|enabled|validated)|locked|"
    r"closed|terminated|banned|expired|under review|on hold|restricted|frozen|cancell?ed|past due|unpaid|paused|blocked|compromised)",
    r"\b(?:account|domain|subscription) (?:is |was |has been |temporarily |currently )*"
    r"(?:suspend|deactivat|disabled|blocked|not (?:yet )?activ|under review|on hold|pending)",
    r"\b(?:sending|outgoing (?:e-?mail|mail)|sending privileges?)\b.{0,40}\b(?:suspended|disabled|blocked|revoked|paused|stopped)",
    r"\b(?:blocked|banned|restricted|prevented|barred|not allowed) from sending\b",
    r"\b(?:reactivate|activate|unblock|upgrade) (?:your|the|this) (?:account|plan|subscription)\b",
    r"\bOutboundSpam",
    r"\b(?:bad|banned|blocked) outbound sender",
    r"\b(?:unusual|suspicious|abnormal|abusive) (?:sending |account |login )?activit",
    r"\btenant (?:has )?exceeded threshold",
    r"\buser has no permission\b",
)

# At RCPT, "account disabled" is the recipient's unless the server says whose.
OWN_ACCOUNT = any_of(
    r"\b(?:your|sender'?s?|sending|smtp|customer'?s?)\b (?:\w+ )?(?:account|domain|subscription|organi[sz]ation|tenant|plan|trial)\b.{0,40}"
    r"\b(?:suspend|disabled|deactivat|inactive|not |locked|closed|terminated|banned|expired|under review|on hold|paused|restricted|blocked)",
    r"\b(?:blocked|banned|restricted|prevented|barred) from sending\b",
    r"\b(?:outgoing (?:e-?mail|mail)|sending privileges?)\b.{0,60}\b(?:suspended|disabled|blocked|revoked)",
    r"\b(?:bad|banned|blocked) outbound sender",
)

SEND_AS = any_of(
    r"\bsend[- ]?as\b.{0,20}\b(?:denied|permission|right|this|not|the)",
    r"\bSendAsDenied",
    r"\bpermissions?\b.{0,20}\bsend (?:as|on behalf)\b",
    r"\bsend on behalf\b",
)
SENDER = any_of(
    rf"\b(?:sender|from|mail ?from|envelope[- ]?from|return[- ]?path|reverse[- ]?path|sending (?:address|domain|identity))\b[^.;]{{0,60}}"
    rf"\b{NOT}(?:verif|allow|authori[sz]|permit|own|valid|match|accept|configur|regist|confirm|local|exist|found|approv|yours|same)",
    r"\b(?:unverified|unauthori[sz]ed|unconfigured|unregistered|invalid|unknown|forged|spoofed|disallowed|illegal|mismatched) "
    r"(?:envelope |header )?(?:sender|from\b|mail ?from|sending (?:address|domain|identity)|return[- ]?path|reverse[- ]?path)",
    r"\b(?:sender|from|mail ?from)(?: e-?mail)?(?: address| domain| header| name| id)?(?: is| was| has been)?:? "
    r"(?:rejected|denied|refused|blocked|invalid|unverified|forbidden|disallowed|mismatch)",
    r"\b(?:address|domain|identity|identities|sender signature)(?: \S+)? (?:is|are|was) not (?:yet |been )*(?:verified|confirmed|validated)",
    r"\bnot (?:a |an )?(?:verified|validated|authori[sz]ed|confirmed|approved) (?:sender|domain|address|identity|from)",
    r"\b(?:verify|validate|confirm|authenticate) (?:your|the|this) (?:sender|sending|domain|from|identity)",
    r"\bverified sender\b",
    r"\bsender (?:identity|signature|verify failed|verification failed|not (?:found|allowed))",
    rf"\b{NOT}(?:allowed|authori[sz]ed|permitted|entitled|able) to (?:send|use|submit)"
    r"(?: e-?mails?| mails?| messages?)?(?: with| as| from| using| on behalf| for)\b.{0,40}\b(?:this|that|the|your|address|domain|sender|header|from)?",
    r"\bmust (?:be |have )?(?:the )?(?:same|equal|match|identical)\b.{0,30}\b(?:auth|login|log in|user|account)",
    r"\bmust (?:equal|match) (?:the )?(?:authori[sz]ed|authenticated|login)",
    r"\bnot (?:owned by|one of your|a local sender|local sender)\b",
    r"\bnot (?:allowed|authori[sz]ed|permitted|verified) to send\b(?!.{0,20}\bto\b)",
    r"\bdomain of (?:the )?sender\b",
    r"\bsandbox\b",
    r"\bbadmailfrom\b",
    r"\bmultiple addresses in (?:a |the )?from\b",
    r"\bfrom/sender\b",
    r"\binvalid dns mx or a/?aaaa",
    r"\bdomain (?:\S+ )?is not (?:allowed to send|verified|configured for sending)",
)

DENIED = (
    r"(?:denied|(?:not|n['’]t) (?:permitted|allowed|authori[sz]ed|accepted|supported|available|possible)|prohibited|refused|"
    r"rejected|forbidden|disabled|disallowed|blocked|restricted)"
)
# The word, and not a part of a host's name.
RELAY_WORD = r"(?<![.@-])\brelay(?:ing)?\b(?![.-]\w)"
# In so many words. Where it goes or comes from may stand between them: "relaying from your host is not permitted".
RELAYING = any_of(
    rf"{RELAY_WORD}(?:[^.;]|\.(?=\S)){{0,60}}\b{DENIED}",
    rf"\b{DENIED}\W{{1,3}}{RELAY_WORD}",
    rf"\b{NOT}(?:permitted|allowed|authori[sz]ed|able|configured|permit|allow|accept) (?:\w+ )?(?:to )?(?:let you )?relay",
    r"\b(?:unable|refuse|refusing|cannot|can['’]t|won['’]t|will not|do not|don['’]t|does not|doesn['’]t|not) (?:to )?relay\b",
    r"\bno (?:\w+ )?relay(?:ing)?\b",
    r"\b(?:local|internal|inside) relay(?:ing)? only\b",
    r"\bas a relay\b",
    r"\b(?:invalid|missing|bad) credentials for relay",
)
NAMES_SENDER = any_of(r"\bsender\b", r"\bfrom address\b")
RELAY = any_of(
    RELAYING.pattern,
    r"\brcpthosts\b",
    r"\bnot (?:a |an |one of )?(?:our |my |the )?local (?:domain|host)",
    r"\b(?:domain|host)\b.{0,30}\bnot (?:hosted|handled|served|configured|accepted|listed|local) (?:here|by|on|at)",
    r"\b(?:do not|don't|does not|doesn't|not) (?:accept|handle|take) (?:e-?mail|mail) for\b",
    r"\bclient host rejected\b",
    r"\bsender ip\b.{0,20}\bnot\b",
    r"\bunauthori[sz]ed (?:ip|host|client|connection|relay)",
    rf"\b(?:ip|ip address|host|client|server|machine)\b[^.;]{{0,40}}\b{NOT}(?:allowed|authori[sz]ed|whitelisted|registered|permitted|on the list|known)",
    r"\bnot (?:allowed|authori[sz]ed|permitted) to (?:connect|use this (?:server|service|relay|system))",
    r"\bdelivery (?:is )?not (?:allowed|authori[sz]ed)\b",
    r"\btenantattribution\b",
)

# The machine that connects, or its network, not what it sends.
LISTED_CLIENT = any_of(
    r"\b(?:client|host|ip|server|network|mta|address|connecti(?:on|ng)|sending system)\b[^.;]{0,60}"
    r"\b(?:blocked|blacklisted|blocklisted|block list|black list|listed|banned|denylisted|(?:poor|bad|low) reputation)",
    r"\b(?:blocked|rejected|refused|denied|banned)\b[^.;]{0,30}\b(?:using|by|listed (?:at|in|on|by))\b[^.;]{0,40}"
    r"\b(?:rbl|dnsbl|bl|spamhaus|spamcop|sorbs|barracuda|uceprotect|psbl|abuseat|cbl|mailspike|manitu|invaluement|blocklist|blacklist)",
    r"\b(?:on|in) (?:our|a|an|the|any) (?:block ?list|black ?list|deny ?list|rbl|dnsbl)",
    r"\b(?:zen|sbl|xbl|pbl|css)\.spamhaus\.org",
    r"\b(?:found|listed|present|appears) (?:in|on|at|by) (?:the )?[\w.-]*(?:bl|block|black|spam)[\w-]*\.[\w.-]+",
    r"\bmessages? from \[?[\d.:a-f]+\]? (?:were|was|are|is|have been|has been)(?:n['’]t| not| rejected| blocked| refused)",
    r"\bbanned sending ip",
    r"\bconnections? (?:will )?not (?:be )?accepted from\b",
    r"\btraffic not accepted from this ip",
    r"\b(?:reverse (?:dns|host ?name|lookup)|ptr (?:record|lookup)?|cannot find your (?:reverse )?host ?name)",
    r"\bipcheck\.",
)
LISTED_CONTENT = any_of(
    r"\b(?:dbl|surbl|uribl|uri|url|link)\b",
    r"\bdomain (?:is )?(?:present|listed|found) (?:in|on|at)\b",
    r"\b(?:this|your) message (?:is|was|contains|looks|appears|has)",
    r"\breputation of the sending domain",
)

# Limits of the sender or its account.
DAYS_LIMIT = any_of(
    r"\b(?:daily|monthly|per day|a day|24[ -]?h(?:ours?)?|one day|per month)\b",
    r"\b(?:maximum |insufficient |no (?:more )?|not enough |out of )credits?\b",
    r"\bcredits? (?:exceeded|exhausted|used|left)",
    r"\b(?:message|sending|send|smtp|account|user sending|email|mail) (?:quota|allowance)\b",
    r"\bquota\b.{0,30}\b(?:messages?|emails?|sending|smtp)\b",
    r"\b(?:mail |message |e-?mail )?send(?:ing)? limit (?:was |is |has been )?(?:exceeded|reached)",
)
RATE_LIMIT = any_of(
    r"\btoo many (?:messages|e-?mails|mails|connections|concurrent|simultaneous|requests|sessions|commands|errors|login|failed|recipients (?:per|in|this) )",
    r"\brate[- ]?limit",
    r"\b(?:sending|send|message|mail|connection|maximum sending) rate\b",
    r"\b(?:maximum|max|allowed)\b.{0,40}\bper (?:second|minute|hour|session|connection|recipient)\b",
    r"\bper (?:second|minute|hour)\b.{0,30}\b(?:exceed|limit|reach|allowed)",
    r"\b(?:exceed\w*|reached|over)\b.{0,60}\b(?:rate|per hour|per minute|per second|messages? limit|limit)\b",
    r"\blimits? (?:was |is |has been |have been )?(?:exceeded|reached)",
    r"\bconnections?\b.{0,40}\b(?:exceed|limit)",
    r"\bthrottl",
    r"\bslow down\b",
    r"\btoo (?:fast|quickly|much (?:e-?mail|mail))\b",
    r"\bat a rate that\b",
    r"\breceiving (?:e-?mail|mail|messages) too quickly",
    r"\bsender thread limit",
)
# A limit of this connection, whatever the code.
PER_CONNECTION = any_of(
    r"\b(?:per|each|every|this|one|single|same|the|a) (?:smtp |tcp |client |mail )?(?:session|connection)\b.{0,40}"
    r"\b(?:exceed|reach|limit|too many|maximum|max\b)",
    r"\b(?:exceed\w*|reached|limits?|too many|maximum|max|over)\b.{0,60}"
    r"\b(?:per|each|every|this|one|single|same|the|a)[ -](?:smtp |tcp |client |mail )?(?:session|connection)\b",
    r"\bsession (?:message |mail |e-?mail |recipient )?(?:limit|count|quota)",
)
# One recipient gets too much; others would still be accepted.
RECIPIENTS_RATE = any_of(
    r"\buser you are trying to contact\b.{0,60}\b(?:rate|quickly)",
    r"\brecipient\b.{0,40}\b(?:rate limit|too (?:many|quickly|fast))",
    r"\breceiving (?:e-?mail|mail|messages) (?:too quickly|at a rate)",
)
MAILBOX_FULL = any_of(
    r"\b(?:mailbox|user|recipient|inbox|account)\b[^.;]{0,40}\b(?:is full|full\b|over ?quota|over (?:its|their|the) (?:disk )?quota|out of (?:space|storage))",
    r"\b(?:disk|storage|mailbox|user'?s?|inbox)\b.{0,20}\b(?:quota|space|storage|size limit)\b.{0,30}\b(?:exceed|full|reached|insufficient|over)",
    r"\b(?:exceed\w*|over) (?:its|their|the|his|your)? ?(?:disk|storage|mailbox) (?:quota|space|limit|size)",
    r"\bmailbox (?:is )?full\b",
)
OWN_MAILBOX_FULL = any_of(
    r"STOREDRV\.Submission\.Exception:Quota", r"\bShutoffQuotaExceeded", r"\bsender'?s? mailbox is full"
)

# An account that an email goes to, not the one that sends.
RECIPIENT_GONE = any_of(
    r"\b(?:user|account|mailbox|address) (?:that )?you (?:are trying|tried) to (?:reach|contact)",
    r"\brecipient\b",
)
RECIPIENT = any_of(
    r"\bunknown (?:user|recipient|address|mailbox|account|local[- ]?part|destination)",
    r"\b(?:user|recipient|mailbox|address|account|addressee|destination)\b(?: \S+)?(?: is| was| has been)? ?"
    r"(?:unknown|unavailable|not found|not available|invalid|disabled|inactive|full|suspended|closed|expired|deactivated|over ?quota|no longer|rejected|refused|"
    r"not (?:a )?(?:valid|known|local|active|exist)|does(?: not|n't) (?:exist|have|like|accept)|undeliverable|not accepted)",
    r"\b(?:inactive|disabled|closed|expired|abandoned) (?:user|mailbox|recipient)\b",
    r"\bno such (?:user|recipient|mailbox|address|person|account|local|domain|alias)",
    r"\bno (?:mailbox|user|recipient|account)\b.{0,20}\b(?:here|by that name|found|with that)",
    r"\bdoes(?: not|n't) exist\b",
    r"\b(?:invalid|bad|illegal|nonexistent|non-existent) (?:recipient|mailbox|destination|user|address|rcpt)",
    r"\brecipient (?:address )?(?:rejected|refused|denied|not|unknown|invalid|blocked)",
    r"\bun-?rout(?:e)?able\b",
    r"\bunable to (?:find|verify|deliver to) (?:the )?(?:recipient|user|mailbox|address)",
    r"\bnot our customer\b",
    r"\bnot accepting (?:mail|messages|e-?mail)",
    r"\bmailbox (?:is )?(?:full|unavailable|over)",
    r"\bRecipientNotFound|\bNoSuchUser",
    r"\b(?:recipient|destination) domain\b",
    r"\b(?:recipients?|address)\b.{0,40}\b(?:blocked|suppress|inactive|marked as)",
    r"\bsuppression list\b",
)
# The email itself; most other emails would be accepted.
CONTENT = any_of(
    r"\bspam\b|\bspammy\b|\bjunk ?mail\b|\bunsolicited\b|\bUBE\b",
    r"\bvirus(?:es)?\b|\bmalware\b|\binfected\b|\bphish",
    r"\bcontent\b|\battachments?\b|\bmime\b|\bheaders?\b|\bsubject\b",
    r"\b(?:message|e-?mail|mail) (?:was |is |has been )?(?:rejected|blocked|refused|not accepted|denied|discarded)\b",
    r"\bpolic(?:y|ies)\b",
    r"\bsuspicious\b",
    r"\badministrative prohibition\b",
    r"\bprohibited\b|\bobjectionable\b",
    r"\breputation\b",
    r"\bpermanent failure for one or more recipients\b",
    r"\bspoof",
    r"\bhop count\b|\bloop(?:s|ing)?\b",
    r"\bduplicate\b",
)
TOO_LARGE = any_of(
    r"\btoo (?:large|big|long)\b",
    r"\b(?:message|mail|e-?mail|file)? ?size\b.{0,40}\b(?:exceed|limit|maximum|too|larger)",
    r"\bexceed\w*\b.{0,40}\b(?:size|databytes)\b",
)
TOO_MANY_RECIPIENTS = any_of(r"\btoo many (?:recipients|rcpts?)\b", r"\brecip(?:ient)?s? ?limit\b", r"\bRecipLimit\b")
PASSWORD_WRONG = any_of(
    r"\b(?:invalid|incorrect|wrong|bad|unknown)\b.{0,40}\b(?:credential|password|user ?name|login)",
    r"\b(?:credential|password|user ?name|login)s?\b.{0,40}\b(?:invalid|incorrect|wrong|not accepted|rejected)",
)
