"""What is in a folder of labelled documents, before anything is learned from it.

`inspection.inspect` looks at every document and returns `findings.DataReport`, which is all numbers
and names; `page.html_page` draws it.
"""
