"""Where models come from: the catalog, the sources and the cache of loaded ones."""
