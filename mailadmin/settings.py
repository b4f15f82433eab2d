"""Everything that depends on where the panel runs, read from the environment.

What an administrator edits in the panel is a row (MailServerSettings), never a setting here.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from supervisor import environment, public_url

BASE_DIR = Path(__file__).resolve().parent.parent

env = environment.Environment
# The environment wins over .env, which wins over the keys that the first start made.
environment.forget_empty_keys()
environment.load(BASE_DIR / ".env")
DATA_DIR = Path(env.str("MAILADMIN_DATA", default="") or BASE_DIR / "data").absolute()
environment.load(DATA_DIR / "keys.env")
environment.require_keys(DATA_DIR / "keys.env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
# Newest first: the first encrypts, all decrypt.
FERNET_KEYS = [key.strip() for key in env.str("FERNET_KEYS").split(",")]

# --- addresses -----------------------------------------------------------------------------------
HOST = env.str("MAILADMIN_HOST", default="127.0.0.1")
PORT = env.int("MAILADMIN_PORT", default=8000, most=65535)
LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"]
_address = "127.0.0.1" if HOST in ("0.0.0.0", "::") else f"[{HOST}]" if ":" in HOST else HOST  # noqa: S104  # not bound
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
# A public name means https, unless PUBLIC_URL says http:// in so many words.
_named = next((name for name in ALLOWED_HOSTS if name not in (*LOOPBACK_NAMES, "*")), None)
PUBLIC_URL = env.str(
    "PUBLIC_URL", default=f"https://{_named.lstrip('.')}" if _named else f"http://{_address}:{PORT}"
).rstrip("/")
# Empty where PUBLIC_URL cannot be used, which notifications.checks reports.
_public = public_url.split(PUBLIC_URL)
HTTPS = _public.scheme == "https"
ALLOWED_HOSTS += [name for name in [_public.hostname, *LOOPBACK_NAMES] if name and name not in ALLOWED_HOSTS]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"] if _public.netloc else []
TRUST_PROXY_HEADERS = env.bool("TRUST_PROXY_HEADERS", default=False)

# --- security ------------------------------------------------------------------------------------
if TRUST_PROXY_HEADERS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# The panel at example.com itself would else forbid http to every neighbour below it, printers and all.
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS and env.bool("HSTS_SUBDOMAINS", default=False)
# What `check --deploy` says to that.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
# A browser that asks for nothing this long is signed out.
SESSION_IDLE = timedelta(hours=env.float("SESSION_IDLE_HOURS", default=24.0, least=0.01))
# Lax, not Strict: a provider's redirect back to the panel must find the session.
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}

# --- Django --------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_htmx",
    "ninja",
    "notifications",
]
MIDDLEWARE = [
    "notifications.origin.remember_address",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "notifications.sessions.end_without_row",
    "notifications.time_zones.as_its_reader_sees",
    "notifications.sessions.SignInFirst",
    "notifications.access.AccessMiddleware",
    # Reads the form, so it comes after those that can refuse a request by its address and length.
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "mailadmin.urls"
WSGI_APPLICATION = "mailadmin.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "notifications.context.panel",
            ]
        },
    }
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
AUTH_PASSWORD_VALIDATORS += [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": env.int("PASSWORD_LENGTH", default=10, most=128)},
    }
]
# By name and network together: a stranger elsewhere cannot shut somebody out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.int("SIGN_IN_FAILURES", default=5, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.float("SIGN_IN_LOCK_MINUTES", default=15.0))
# What is tried while locked does not make it longer: the page says when it ends.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = AXES_DISABLE_ACCESS_LOG = True
AXES_HANDLER = "notifications.lock_out.LockOut"
AXES_CLIENT_IP_CALLABLE = "notifications.origin.client_network"
AXES_USERNAME_CALLABLE = "notifications.lock_out.counted_name"
AXES_LOCKOUT_CALLABLE = "notifications.views.sign_in.locked_out"
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
# Signing in with Microsoft or Google; off while OIDC_PROVIDER is empty.
OIDC_PROVIDER = env.str("OIDC_PROVIDER", default="")
OIDC_TENANT = env.str("OIDC_TENANT", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_ALLOWED_DOMAINS = env.list("OIDC_ALLOWED_DOMAINS")
OIDC_GROUP_ROLES = env.list("OIDC_GROUP_ROLES")
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"
LANGUAGE_CODE = "en-us"
USE_I18N = False
TIME_ZONE = env.time_zone("TIME_ZONE", default="UTC")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True
# A report of 20,000 targets with details fits; more is answered with 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = API_BODY_LIMIT = 8 * 1024 * 1024
# No page accepts a file, so none reaches the disk.
FILE_UPLOAD_HANDLERS: list[str] = []

# --- database ------------------------------------------------------------------------------------
# A worker's mark of what it sent may be relaxed: a power cut can then repeat a mail, never lose one.
RELAXED_DURABILITY = env.bool("RELAXED_DURABILITY", default=False)
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'mailadmin.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that starts as a reader and then writes fails at once, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={'NORMAL' if RELAXED_DURABILITY else 'FULL'};",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    if RELAXED_DURABILITY:
        DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"

# --- Celery --------------------------------------------------------------------------------------
# `manage.py up` leaves the address of its own broker in this file, so that a command typed in another shell finds it.
BROKER_URL_FILE = DATA_DIR / "run" / "broker-url"
CELERY_BROKER_URL = env.str("BROKER_URL", default="") or (
    BROKER_URL_FILE.read_text().strip() if BROKER_URL_FILE.exists() else ""
)
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONSUMER = "mailadmin.elements:TolerantConsumer"
# Whoever can write to the broker could end the workers by it.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
# The last resort: a send has its own deadline of at most 15 minutes.
CELERY_TASK_TIME_LIMIT = 1200
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 15,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    # Must be longer than the one second that a waiting consumer blocks.
    "socket_timeout": 5,
}
if CELERY_BROKER_URL.startswith("filesystem://"):
    _queue = str(DATA_DIR / "run" / "queue")
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": _queue,
        "data_folder_out": _queue,
        "control_folder": f"{_queue}-control",
    }
# The senders and the housekeeping of each worker process are threads of notifications.worker, not tasks.
CELERY_IMPORTS = ["notifications.bulk.tasks", "notifications.digests.tasks", "notifications.worker"]

# --- mail ----------------------------------------------------------------------------------------
MESSAGE_MAX_AGE_DAYS = env.float("MESSAGE_MAX_AGE_DAYS", default=5.0)
RETENTION_DAYS = env.int("RETENTION_DAYS", default=180, least=1, most=36500)
CAPTURE_INBOX = env.bool("CAPTURE_INBOX", default=True)
# 0: a free one, chosen at the first start and kept.
CAPTURE_INBOX_PORT = env.int("CAPTURE_INBOX_PORT", default=0, most=65535)
# Replies that the database does not have yet survive a killed worker here.
JOURNAL_DIR = DATA_DIR / "journal"
# A TOML file with further clouds and providers; never something that a form can add.
PROVIDERS_FILE = env.str("MAILADMIN_PROVIDERS_FILE", default="")
# On: calls to providers follow HTTPS_PROXY, REQUESTS_CA_BUNDLE and .netrc.
OUTBOUND_TRUST_ENVIRONMENT = env.bool("OUTBOUND_TRUST_ENVIRONMENT", default=False)
# EHLO wants a name that means something (RFC 5321 4.1.4); without one the backend says its address.
EHLO_NAME = (
    _public.hostname if _public.hostname and "." in _public.hostname and not _public.hostname[-1].isdigit() else ""
)

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {
        "links": {"()": "notifications.log_masks.WithoutLinks"},
        "secrets": {"()": "notifications.log_masks.WithoutSecrets"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["links", "secrets"]}},
    "root": {"handlers": ["stderr"], "level": env.choice("LOG_LEVEL", LOG_LEVELS, default="INFO")},
    # Two lines for every task, most of them sweeps that found nothing, would bury what matters.
    # aiosmtpd's (mail.log) would have every command in it, AUTH with the password too.
    "loggers": {name: {"level": "WARNING"} for name in ("axes", "celery", "mail.log")},
}
