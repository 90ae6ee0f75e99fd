"""Why a document is where it is: the whole chain, and what on the page spoke for its label."""
