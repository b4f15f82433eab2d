"""The capture inbox: a mail server on this machine that keeps what it is sent and passes nothing on."""
