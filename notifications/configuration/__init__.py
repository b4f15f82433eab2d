"""The panel's configuration as a TOML file: written without secrets, read with the checks of the pages."""
