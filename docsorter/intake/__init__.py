"""When is a file in the inbox complete; a rescan is the truth, events only wake it.

`Inbox` hands out files that have come to rest; claiming them is the service's act.
"""
