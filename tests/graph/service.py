"""The Graph stand-in's calls: which request asks for what, what it needs, and what is answered."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from tests.graph.items import Item
from tests.graph.login import READ_WRITE, SEND, Login
from tests.graph.mailbox import MEGABYTE, Mailboxes, local_part
from tests.graph.mails import attachment_of, mail_in_mime, mail_of
from tests.graph.shapes import ATTACHMENT, MESSAGE, SEND_MAIL, UPLOAD_SESSION, object_in
from tests.graph.wire import Answer, GraphError, Kind, Request

USER, ITEM = r"/v1\.0/users/(?P<mailbox>[^/]+)", r"/messages/(?P<item>[^/]+)"
UPLOAD = r"/api/gv1\.0/users\('(?P<mailbox>[^']+)'\)/messages\('[^']+'\)/AttachmentSessions\('(?P<item>[^']+)'\)"
TENANT = r"/(?P<item>[^/]+)"
ROUTES = [
    (method, re.compile(pattern), kind)
    for method, pattern, kind in (
        ("POST", f"{TENANT}/oauth2/v2.0/token", Kind.TOKEN),
        ("GET", rf"{TENANT}/v2\.0/\.well-known/openid-configuration", Kind.DISCOVERY),
        ("GET", USER, Kind.USER),
        ("POST", f"{USER}/messages", Kind.DRAFT),
        ("GET", f"{USER}/messages", Kind.FIND),
        ("GET", f"{USER}{ITEM}", Kind.LOOK),
        ("DELETE", f"{USER}{ITEM}", Kind.DELETE),
        ("POST", f"{USER}{ITEM}/attachments", Kind.ATTACH),
        ("GET", f"{USER}{ITEM}/attachments", Kind.ATTACHMENTS),
        ("POST", f"{USER}{ITEM}/attachments/createUploadSession", Kind.SESSION),
        ("POST", f"{USER}{ITEM}/send", Kind.SEND),
        ("POST", f"{USER}/sendMail", Kind.SEND_MAIL),
        ("PUT", UPLOAD, Kind.RANGE),
        ("GET", UPLOAD, Kind.RANGES),
    )
]
LOGIN = {Kind.TOKEN, Kind.DISCOVERY, Kind.UNKNOWN}
# Their address is their permission.
UPLOADS = {Kind.RANGE, Kind.RANGES}
NEEDS = {
    **dict.fromkeys((Kind.DRAFT, Kind.FIND, Kind.LOOK, Kind.DELETE, Kind.ATTACH, Kind.ATTACHMENTS), READ_WRITE),
    **{Kind.SESSION: READ_WRITE, Kind.SEND: SEND, Kind.SEND_MAIL: SEND, Kind.USER: "User.Read.All"},
}
DENIED = "Access is denied. Check credentials and try again."
# By the local part of the sender, as the contract server does.
SENDERS = {
    "throttled": (429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    "denied": (403, "ErrorAccessDenied", DENIED),
    "policy": (403, "ErrorAccessDenied", "Access to OData is disabled."),
    "nouser": (404, "ErrorInvalidUser", "The requested user 'x' is invalid."),
    "unlicensed": (404, "MailboxNotEnabledForRESTAPI", "REST API is not yet supported for this mailbox."),
    "expired": (401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    "busy": (503, "ServiceUnavailable", "The service is temporarily unavailable."),
    "timeout": (504, "UnknownError", ""),
}
FILTER = re.compile(r"internetMessageId eq '((?:[^']|'')*)'")
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
SELECTABLE = {
    *(*MESSAGE.parts, "id", "isDraft", "hasAttachments", "parentFolderId", "changeKey", "bodyPreview", "sentDateTime"),
    *("createdDateTime", "lastModifiedDateTime", "receivedDateTime", "conversationId", "webLink"),
}


def routed(method: str, target: str, headers: dict[str, str]) -> Request:
    """The request without its body."""
    request = Request(method, target, headers)
    for wanted, pattern, kind in ROUTES:
        if method == wanted and (found := pattern.fullmatch(request.path)):
            named = {name: unquote(value) for name, value in found.groupdict().items()}
            mailbox = named.get("mailbox", "").lower()
            return replace(request, kind=kind, mailbox=mailbox, item=named.get("item", ""))
    return request


class Service:
    """`mailboxes` None: every sender has one. `upload_base` is where uploads are sent to."""

    def __init__(self, base: str) -> None:
        self.login = Login(base)
        self.store = Mailboxes()
        self.mailboxes: set[str] | None = None
        self.upload_base = base
        self.largest_request = 4 * MEGABYTE
        self.largest_attachment = 150 * MEGABYTE
        # What one developer measured; the documentation says 3 MB, and the direct way ends below that.
        self.smallest_upload = 2 * MEGABYTE
        self._calls: dict[Kind, Callable[[Request], Answer]] = {
            Kind.TOKEN: self.login.give,
            Kind.DISCOVERY: self.login.discover,
            Kind.USER: self._user,
            Kind.DRAFT: self._draft,
            Kind.FIND: self._find,
            Kind.LOOK: self._look,
            Kind.DELETE: self._delete,
            Kind.ATTACH: self._attach,
            Kind.ATTACHMENTS: self._attachments,
            Kind.SESSION: self._session,
            Kind.SEND: self._send,
            Kind.SEND_MAIL: self._send_mail,
            Kind.RANGE: self._range,
            Kind.RANGES: self._ranges,
        }

    def answer(self, request: Request) -> Answer:
        """What is asked for is done when this returns; GraphError's answer when it may not be."""
        try:
            self._check(request)
            answer = self._calls[request.kind](request)
        except GraphError as error:
            answer = error.answer(request)
        if request.wants_immutable_ids and answer.status < 300:
            answer = answer.having(Preference_Applied='IdType="ImmutableId"')
        return answer

    def keep_half(self, request: Request) -> None:
        """The connection breaks in the middle of `request`; an upload keeps what it got."""
        if request.kind is Kind.RANGE and (found := RANGE.fullmatch(request.header("content-range"))):
            with contextlib.suppress(GraphError):
                self.store.take_range(request.item, int(found[1]), request.body)

    def _check(self, request: Request) -> None:
        if request.kind is Kind.UNKNOWN:
            text = f"Resource not found for the segment '{request.path.rpartition('/')[2]}'."
            raise GraphError(404, "BadRequest", text)
        if request.kind in LOGIN or request.kind in UPLOADS:
            return
        self.login.owner(request)
        if error := SENDERS.get(local_part(request.mailbox)):
            status, code, message = error
            retry_after = "2" if status in (429, 503) else None
            raise GraphError(status, code, message, retry_after=retry_after)
        if self.mailboxes is not None and request.mailbox not in self.mailboxes:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{request.mailbox}' is invalid.")
        if not self.login.may(NEEDS[request.kind]):
            code = "Authorization_RequestDenied" if request.kind is Kind.USER else "ErrorAccessDenied"
            raise GraphError(403, code, DENIED)

    def _user(self, request: Request) -> Answer:
        return Answer.json(200, {"id": request.mailbox, "userPrincipalName": request.mailbox, "mail": request.mailbox})

    def _draft(self, request: Request) -> Answer:
        if request.media_type == "text/plain":
            mail = mail_in_mime(request)
        else:
            mail = mail_of(object_in(request, MESSAGE), len(request.body))
        item = self.store.add_draft(request.mailbox, mail)
        return Answer.json(201, item.shown(immutable=request.wants_immutable_ids))

    def _find(self, request: Request) -> Answer:
        found = FILTER.fullmatch(request.query.get("$filter", ""))
        if not found:
            raise GraphError(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
        items = self.store.with_message_id(request.mailbox, found[1].replace("''", "'"))
        return Answer.json(200, {"value": [selected(request, item) for item in items]})

    def _look(self, request: Request) -> Answer:
        return Answer.json(200, selected(request, self.store.find(request.mailbox, request.item)))

    def _delete(self, request: Request) -> Answer:
        self.store.delete(request.mailbox, request.item)
        return Answer(204)

    def _attach(self, request: Request) -> Answer:
        content = object_in(request, ATTACHMENT)
        attachment = attachment_of(content)
        self.store.attach(request.mailbox, request.item, attachment)
        return Answer.json(201, {**content, "id": attachment.id, "size": attachment.size})

    def _attachments(self, request: Request) -> Answer:
        attachments = self.store.find(request.mailbox, request.item).mail.attachments
        return Answer.json(
            200,
            {"value": [{"id": item.id, "name": item.name, "size": item.size} for item in attachments]},
        )

    def _session(self, request: Request) -> Answer:
        item = object_in(request, UPLOAD_SESSION)["AttachmentItem"]
        size, kind = item["size"], item.get("contentType", "")
        self._check_upload(size)
        session = self.store.begin_upload(request.mailbox, request.item, item["name"], size, kind)
        path = f"users('{quote(request.mailbox)}')/messages('{quote(request.item, safe='')}')"
        address = f"{self.upload_base}/api/gv1.0/{path}/AttachmentSessions('{session}')?authtoken={session}"
        return Answer.json(201, {"uploadUrl": address, **self.store.upload(session).answer()})

    def _check_upload(self, size: int) -> None:
        if size < self.smallest_upload:
            code = "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"
            raise GraphError(400, code, "The attachment is too small for an upload session.")
        if size > self.largest_attachment:
            raise GraphError(413, "ErrorAttachmentSizeLimitExceeded", "The attachment exceeds the maximum size.")

    def _range(self, request: Request) -> Answer:
        self._check_address(request)
        found = RANGE.fullmatch(request.header("content-range"))
        upload = self.store.upload(request.item)
        if not found or int(found[3]) != upload.size or int(found[2]) - int(found[1]) + 1 != len(request.body):
            raise GraphError(400, "ErrorInvalidRange", "Content-Range does not fit the content or the session.")
        if len(request.body) >= self.largest_request:
            raise GraphError(413, "RequestEntityTooLarge", "A range must be smaller than 4 MB.")
        attachment = self.store.take_range(request.item, int(found[1]), request.body)
        if attachment is None:
            return Answer.json(200, upload.answer())
        where = f"{self.upload_base}/api/v2.0/Users('{quote(request.mailbox)}')/Attachments('{attachment.id}')"
        return Answer(201).having(Location=where)

    def _ranges(self, request: Request) -> Answer:
        self._check_address(request)
        return Answer.json(200, self.store.upload(request.item).answer())

    def _check_address(self, request: Request) -> None:
        if request.query.get("authtoken") != request.item:
            raise GraphError(401, "InvalidAuthenticationToken", "The upload address is not complete.")
        if request.header("authorization"):
            raise GraphError(401, "InvalidAuthenticationToken", "An upload address takes no Authorization header.")

    def _send(self, request: Request) -> Answer:
        self.store.send_draft(request.mailbox, request.item)
        return Answer(202)

    def _send_mail(self, request: Request) -> Answer:
        if request.media_type == "text/plain":
            self.store.send(request.mailbox, mail_in_mime(request), "mime", save=True)
            return Answer(202)
        content = object_in(request, SEND_MAIL)
        mail = mail_of(content["message"], len(request.body))
        self.store.send(request.mailbox, mail, "json", save=content.get("saveToSentItems", True))
        return Answer(202)


def selected(request: Request, item: Item) -> dict[str, Any]:
    shown = item.shown(immutable=request.wants_immutable_ids)
    names = [name for name in request.query.get("$select", "").split(",") if name]
    for name in names:
        if name not in SELECTABLE:
            text = f"Could not find a property named '{name}' on type 'microsoft.graph.message'."
            raise GraphError(400, "RequestBroker--ParseUri", text)
    return {name: value for name, value in shown.items() if not names or name in {*names, "id"}}
