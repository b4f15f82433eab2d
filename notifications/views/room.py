"""Whether the data folder has room left."""

import shutil

from django.conf import settings
from django.template.defaultfilters import filesizeformat

from notifications.health import Part

LEAST_BYTES = 500 * 1024 * 1024


def disk_part() -> Part:
    usage = shutil.disk_usage(settings.DATA_DIR)
    text = f"{filesizeformat(usage.free)} of {filesizeformat(usage.total)} free".replace("\xa0", " ")
    return Part("disk", usage.free >= LEAST_BYTES, text, {"free": usage.free, "total": usage.total})
