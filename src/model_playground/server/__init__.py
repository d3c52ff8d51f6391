"""The page's server: typed routes over the Python API, live events, and the built page."""
