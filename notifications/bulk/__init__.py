"""One thing done to many mails: chosen and counted at once, done bit by bit."""
