"""Tools that the brain may call, through the Model Context Protocol."""
