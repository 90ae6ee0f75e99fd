"""Pages: any file becomes upright page images, read inside a sandboxed child.

`reader.PageReader` is what the daemon keeps; `fit.fit_page` is what training shares with it.
`server` forks one child per document, `sandbox` confines it, and `pdf`, `tiff` and `raster` each
read one family of files.
"""
