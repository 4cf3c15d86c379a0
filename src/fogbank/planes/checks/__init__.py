"""Health checking as constant work: checkers probe, stream all they know at a fixed rate, and are added up."""
