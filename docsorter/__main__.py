"""`python -m docsorter` is the `docsorter` command."""

from docsorter.cli.main import main

if __name__ == "__main__":
    main()
