"""Where a person decides: what is shown next, its pages, and every act on it."""
