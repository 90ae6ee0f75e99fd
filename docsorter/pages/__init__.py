"""Pages: any file becomes upright page images, read inside a sandboxed child.

`reader.PageReader` is what the daemon keeps; `fit.fit_page` is what training shares with it.
Below them: `server` forks one `child` per document, `confine` shuts it in, and `pdf`, `tiff`,
`raster` and `heif` each read one family of files.
"""
