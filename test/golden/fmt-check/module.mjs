// A module, which fmt leaves alone.
