"""`python -m fogbank` is `fogbank`."""

import sys

from fogbank.cli import main

sys.exit(main())
